"""A comparison's parts as text, the same in the terminal, in Markdown, in CSV and on the page."""

from diagnostics.comparisons import Comparison, Outcome
from reports.comparison.machines import is_recorded
from reports.comparison.result import Against, Result, is_bounded
from reports.comparison.sides import Side, are_stamped
from reports.wording import MISSING, count, number, shorten

GLYPHS = {Outcome.SLOWER: "▲", Outcome.FASTER: "▼", Outcome.SAME: "=", Outcome.UNSURE: "~"}
KINDS = {
    "refused": "Not compared",
    "missing": "On one side only",
    "partial": "Compared, but not in every run",
}
MOST_LABELS = 6


def verdict(outcome: Outcome) -> str:
    """Return glyph and word: "▲ slower"."""
    return f"{GLYPHS[outcome]} {outcome}"


def interval(comparison: Comparison) -> str:
    """Return the 95 % interval, a dash where nothing bounds the ratio."""
    return f"{number(comparison.low)} to {number(comparison.high)}" if is_bounded(comparison) else MISSING


def side(one: Side) -> str:
    """Return which runs form a side, and on which machine: "A: 3 runs (a.json, b.json, c.json), AMD EPYC"."""
    labels = [given.label for given in one.members]
    told = ", ".join(labels[:MOST_LABELS]) + (
        f", … {len(labels) - MOST_LABELS} more" * (len(labels) > MOST_LABELS)
    )
    runs = told if len(labels) == 1 else f"{count(len(labels), 'run')} ({told})"
    return f"{one.letter}: {shorten(runs, 400)}; {one.machine}"


def machines(against: Against) -> str:
    """Return in one sentence how far the machines of two sides are the same."""
    if against.facts:
        amount = len(against.facts)
        return f"{count(amount, 'fact')} that {'matters differs' if amount == 1 else 'matter differ'}:"
    recorded = [is_recorded(given.run) for each in (against.a, against.b) for given in each.members]
    if not all(recorded):
        who = "Some files do" if any(recorded) else "The files do"
        return f"{who} not say on which machine they were measured; one machine is assumed."
    if are_stamped(against.a, against.b):
        return "One machine: nothing that matters differs."
    return "One machine as far as recorded: CPU, system and Python agree; torch and threads are not recorded."


def heading(against: Against) -> str:
    """Return what is compared with what."""
    return f"{against.b.name} against {against.a.name}"


def letters(result: Result) -> bool:
    """Return whether more than two sides make it necessary to say which are meant."""
    return len(result.sides) > 2

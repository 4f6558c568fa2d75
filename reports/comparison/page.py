"""The page of a comparison: the machinery of the report, with sections of its own."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from diagnostics.comparisons import EQUIVALENCE, RUN_DRIFT, Outcome, percent
from diagnostics.differences import MIN_RUNS
from reports import page
from reports.comparison import forest, heat_map, loader_curves, ranking, shown
from reports.comparison.result import Against, Result, summary, typical_seconds
from reports.load import Run
from reports.parts import Cell, Overview, Part, Prose, Section, Table, cell
from reports.report import Report
from reports.sections.machine import readable_value
from reports.values import mapping
from reports.wording import REFERENCE_NAMES, count, listed, number, seconds, shorten

# The statuses of findings lend verdicts their colours; glyph and word are the verdicts' own.
STATUS = {
    Outcome.SLOWER: "fail",
    Outcome.FASTER: "ok",
    Outcome.SAME: "not_applicable",
    Outcome.UNSURE: "unknown",
}
GLYPHS = {STATUS[outcome]: glyph for outcome, glyph in shown.GLYPHS.items()}
WORDS = {STATUS[outcome]: str(outcome) for outcome in Outcome}
READING = (
    "**Verdicts.** `slower` and `faster`: the difference is larger than what varies for no reason, after "
    "correction for the number of comparisons (Holm). `same`: the whole interval lies within "
    f"±{EQUIVALENCE:.0%}. `unsure`: neither can be said; the reason tells how many runs would.",
    "**A run is the unit.** Passes within a run share the state of the machine; runs do not. With fewer than "
    f"{MIN_RUNS} runs a side the spread between runs is unknown, and a drift of {percent(RUN_DRIFT)} is "
    "assumed, as identical runs showed on a shared machine.",
    "**Ratio.** Time of B over time of A, from geometric means over passes and runs; the interval holds for "
    "one comparison alone. On one machine a verdict must hold relative to the references too.",
    "**Files without passes** (pytest-benchmark of other suites, hyperfine) count as one value a run: rounds "
    "of one process are not independent, and would call identical code different most of the time.",
)  # fmt: skip


def render(result: Result, title: str) -> str:
    """Return the page; equal input gives equal bytes."""
    names = [side.name for side in result.sides]
    subject = Run(shorten(listed(names), 300), {"benchmarks": []}, {})
    report = Report(subject, title or "Comparison of runs")
    with np.errstate(over="ignore"):
        built = list(_sections(result))
    return page.formatted(report, built, page.GLYPHS | GLYPHS, WORDS)


def _sections(result: Result) -> Iterator[Section]:
    yield Section("overview", "Overview", [_overview(result)])
    if several := list(_several(result)):
        yield Section("ranking", "All sides together", several)
    yield Section("comparisons", "Comparisons", list(_comparisons(result)))
    yield Section("machines", "Machines", list(_machines(result)))
    missing = [table for against in result.against for table in _missing(against)]
    if missing:
        yield Section("missing", "Not compared", missing)
    yield Section("method", "Method and noise", [*_noise(result), *(Prose(text) for text in READING)])


def _overview(result: Result) -> Overview:
    total = {outcome: sum(each.counts()[outcome] for each in result.against) for outcome in STATUS}
    compared = sum(total.values())
    leading = next((o for o in (Outcome.SLOWER, Outcome.FASTER) if total[o]), None)
    if leading is None:
        leading = Outcome.SAME if total[Outcome.SAME] == compared and compared else Outcome.UNSURE
    verdict = (
        f"{total[leading]} of {count(compared, 'comparison')}." if compared else "Nothing could be compared."
    )
    advice = " ".join(f"{shown.heading(each)}: {summary(each)}." for each in result.against)
    return Overview(STATUS[leading], verdict, shorten(advice, 1000), (), (), result.notes)


def _comparisons(result: Result) -> Iterator[Part]:
    for number_, against in enumerate(result.against):
        figure = forest.drawn(against, f"figure-ratios-{number_}")
        yield figure or Prose(f"{shown.heading(against)}: no configuration was measured on both sides.")
    if any(against.rows for against in result.against):
        yield forest.everything(result.against)


def _several(result: Result) -> Iterator[Part]:
    """Yield what only more than two sides have: their order, the heat map, the loader's curve on each."""
    for order in ranking.ranked(result):
        yield ranking.table(order, result.sides[0])
    for picture in (heat_map.drawn(result), loader_curves.drawn(result)):
        if picture is not None:
            yield picture


def _machines(result: Result) -> Iterator[Part]:
    runs = [
        [cell(side.letter), cell(given.label), cell(given.started[:16].replace("T", " ")), cell(side.machine)]
        for side in result.sides
        for given in side.members
    ]
    yield Table("Which runs form which side", ("side", "run", "started", "machine"), runs)
    for against in result.against:
        if against.facts:
            facts = [[cell(fact.key), cell(fact.a), cell(fact.b)] for fact in against.facts]
            caption = f"What differs and matters: {shown.heading(against)}"
            yield Table(caption, ("fact", against.a.name, against.b.name), facts)
        else:
            yield Prose(f"{shown.heading(against)}: {shown.machines(against)}")
    facts_table = _all_facts(result)
    if facts_table:
        yield facts_table


def _all_facts(result: Result) -> Table | None:
    """Return every fact of every side's first run, as redacted as the run is."""
    recorded = [_readable(side.members[0].run) for side in result.sides]
    keys = sorted({key for facts in recorded for key in facts})
    lines = [[cell(key), *(cell(facts.get(key, "–")) for facts in recorded)] for key in keys]
    columns = ("fact", *(side.name for side in result.sides))
    return Table("All facts of each side's first run", columns, lines, is_folded=True) if lines else None


def _readable(run: Run) -> dict[str, str]:
    facts: dict[str, Any] = mapping(run.machine_info.get("facts"))
    return {key: readable_value(fact) for key, fact in facts.items() if isinstance(fact, dict)}


def _missing(against: Against) -> Iterator[Table]:
    for kind, caption in shown.KINDS.items():
        lines = [[cell(one.name), cell(one.reason)] for one in against.missing if one.kind == kind]
        if lines:
            yield Table(f"{caption}: {shown.heading(against)}", ("configuration", "why"), lines)


def _noise(result: Result) -> Iterator[Part]:
    for against in result.against:
        lines = [_reference(REFERENCE_NAMES[kind], against, kind) for kind in sorted(against.moved)]
        if lines:
            a, b = against.a.letter, against.b.letter
            told = (
                "How far the machine itself moved" if against.is_same_machine else "How fast the machines are"
            )
            caption = f"{told}: references, {shown.heading(against)}"
            yield Table(caption, ("reference", a, b, f"{b} over {a}"), lines)
        else:
            yield Prose(
                f"{shown.heading(against)}: no reference was timed on both sides, so drift is unknown."
            )


def _reference(name: str, against: Against, kind: str) -> list[Cell]:
    a, b = (typical_seconds(side) for side in (against.moved[kind].a, against.moved[kind].b))
    return [cell(name), cell(seconds(a), a), cell(seconds(b), b), cell(number(b / a), b / a)]

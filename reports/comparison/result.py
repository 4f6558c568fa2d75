"""Every side against the baseline: verdicts, what could not be compared, and in what the machines differ."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite, log

from diagnostics.comparisons import Comparison, Outcome, Pair, compare_runs
from diagnostics.differences import RunValues
from reports.comparison.machines import THREAD_FACTS, TORCH_VERSION
from reports.comparison.matching import Matched, Missing, matched
from reports.comparison.measured import measured, references
from reports.comparison.remarks import remarks
from reports.comparison.sides import (
    FactDifference,
    Side,
    are_same_hardware,
    are_same_machine,
    fact_differences,
    notes,
    recorded_once,
)
from reports.wording import count

MOST_KEYS = 8
ORDER = (Outcome.SLOWER, Outcome.FASTER, Outcome.UNSURE, Outcome.SAME)


@dataclass(frozen=True)
class Row:
    """The verdict on one configuration, with the typical seconds of both sides."""

    comparison: Comparison
    a_seconds: float
    b_seconds: float
    reason: str
    group: str = ""


@dataclass(frozen=True, eq=False)
class Against:
    """One side against the baseline.

    Attributes
    ----------
    rows : tuple of Row
        Slower, faster, unsure, same; the largest difference first.
    matched : tuple of Matched
        The values that the verdicts rest on, in the order of the files.
    moved : dict of str to Pair
        The references of all runs, for showing how far the machine itself moved between the sides.
    """

    a: Side
    b: Side
    rows: tuple[Row, ...]
    missing: tuple[Missing, ...]
    facts: tuple[FactDifference, ...]
    moved: dict[str, Pair]
    is_same_machine: bool
    matched: tuple[Matched, ...] = ()

    def counts(self) -> dict[Outcome, int]:
        """Return how many configurations got each verdict."""
        found = Counter(row.comparison.verdict for row in self.rows)
        return {outcome: found[outcome] for outcome in ORDER}


@dataclass(frozen=True, eq=False)
class Result:
    """What `compare` found out."""

    sides: tuple[Side, ...]
    against: tuple[Against, ...]
    notes: tuple[str, ...]


def compare(sides: Sequence[Side], passed_over: Sequence[str] = ()) -> Result:
    """Compare every other side with the first; `passed_over` are notes from reading."""
    baseline, *others = sides
    told = [*passed_over, *notes(sides), *_scaled(sides)]
    told += [note for other in others for note in _recorded_once(baseline, other)]
    found = tuple(_against(baseline, other) for other in others)
    told += [
        remark for each in found for remark in remarks(each.a, each.b, [row.comparison for row in each.rows])
    ]
    return Result(tuple(sides), found, tuple(dict.fromkeys(told)))


def _against(a: Side, b: Side) -> Against:
    found, missing = matched(a, b)
    facts = fact_differences(a, b)
    is_same = are_same_machine(a, b)
    moved = _references(a, b)
    pairs = {str(i): one.pair for i, one in enumerate(found)}
    compared = compare_runs(pairs, moved, same_machine=are_same_hardware(a, b))
    context = [_told(fact) for fact in facts if fact.key == TORCH_VERSION or THREAD_FACTS.fullmatch(fact.key)]
    rows = [_row(one, verdict, context) for one, verdict in zip(found, compared, strict=True)]
    ordered = tuple(sorted(rows, key=_rank))
    return Against(a, b, ordered, tuple(missing), tuple(facts), moved, is_same, tuple(found))


def _references(a: Side, b: Side) -> dict[str, Pair]:
    """Return the references that every run of both sides timed."""
    of_a, of_b = references(a.members), references(b.members)
    kinds = [kind for kind in of_a[0] if all(kind in run for run in (*of_a, *of_b))]
    return {kind: Pair(*(tuple(run[kind] for run in side) for side in (of_a, of_b))) for kind in kinds}


def _told(fact: FactDifference) -> str:
    return f"{fact.key} {fact.a} against {fact.b}"


def _row(one: Matched, comparison: Comparison, context: Sequence[str]) -> Row:
    reason = "; ".join([comparison.reason, *one.flags, *context])
    named = replace(comparison, name=one.name)
    return Row(named, typical_seconds(one.pair.a), typical_seconds(one.pair.b), reason, one.group)


def typical_seconds(runs: Sequence[RunValues]) -> float:
    """Return the geometric mean over runs and passes, the time whose ratio is compared."""
    return exp(sum(run.center for run in runs) / len(runs))


def _rank(row: Row) -> tuple[int, float, str]:
    return ORDER.index(row.comparison.verdict), -distance(row.comparison), row.comparison.name


def distance(comparison: Comparison) -> float:
    """Return how far a ratio is from 1, on a logarithmic scale; 0 where it is no number."""
    return abs(log(comparison.ratio)) if 0 < comparison.ratio < float("inf") else 0.0


def _recorded_once(a: Side, b: Side) -> list[str]:
    keys = recorded_once(a, b)
    more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
    told = f"{', '.join(keys[:MOST_KEYS])}{more}"
    return [f"Recorded by one of {a.name} and {b.name} only, so not compared: {told}."] if keys else []


def _scaled(sides: Sequence[Side]) -> list[str]:
    told = []
    for given in dict.fromkeys(given for side in sides for given in side.members):
        number = sum(one.is_scaled for one in measured(given))
        if number:
            disagree = f"`stats.median` of {count(number, 'configuration')} disagrees with the passes"
            told.append(f"{given.label}: {disagree}; the passes were scaled to it.")
    return told


def is_bounded(comparison: Comparison) -> bool:
    """Return whether anything bounds the ratio."""
    return comparison.low > 0 and isfinite(comparison.high)


def summary(against: Against) -> str:
    """Return the counts in one line: "2 slower, 0 faster, 30 unsure, 2 same; 1 missing"."""
    counted = ", ".join(f"{number} {outcome}" for outcome, number in against.counts().items())
    kinds = Counter(one.kind for one in against.missing)
    words = {"refused": "not comparable", "missing": "on one side only", "partial": "not in every run"}
    left = ", ".join(f"{kinds[kind]} {word}" for kind, word in words.items() if kinds[kind])
    return counted + (f"; {left}" if left else "")

"""Several machines in order, group by group: a place is taken only where a verdict gives it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from diagnostics.comparisons import Comparison, Outcome, Pair, compare_runs
from diagnostics.differences import RunValues
from reports.comparison import shown
from reports.comparison.result import Against, Result
from reports.comparison.sides import Side, are_same_machine
from reports.parts import Cell, Table, cell
from reports.wording import count, number

EVERYTHING = "everything"


@dataclass(frozen=True)
class Place:
    """One side in the order of a group.

    Attributes
    ----------
    rank : int
        Shared by sides that the first of them is not told apart from.
    against_baseline : Comparison or None
        Time over the baseline's; None for the baseline itself.
    against_leader : Comparison or None
        Against the first side of this place, or of the place above where this side opens a new one.
    """

    side: Side
    rank: int
    against_baseline: Comparison | None
    against_leader: Comparison | None


@dataclass(frozen=True)
class Ranking:
    """The order of all sides over the configurations of one group that all of them measured."""

    group: str
    num_configurations: int
    places: tuple[Place, ...]


def ranked(result: Result) -> list[Ranking]:
    """Return a ranking over everything and one a group; none for two sides, whose verdicts say it all."""
    if len(result.against) < 2 or not (common := _common(result.against)):
        return []
    groups = dict.fromkeys(group for group, _ in common)
    wanted = [EVERYTHING, *groups] if len(groups) > 1 else list(groups)
    return [_ranking(result, group, common) for group in wanted]


def _common(against: Sequence[Against]) -> list[tuple[str, str]]:
    """Return group and name of what every run of every side measured, in the baseline's order."""
    whole = [
        {
            (one.group, one.name)
            for one in each.matched
            if len(one.pair.a) == len(each.a.members) and len(one.pair.b) == len(each.b.members)
        }
        for each in against
    ]
    shared = set.intersection(*whole)
    return [(one.group, one.name) for one in against[0].matched if (one.group, one.name) in shared]


def _ranking(result: Result, group: str, common: Sequence[tuple[str, str]]) -> Ranking:
    names = {name for of, name in common if group in (EVERYTHING, of)}
    pairs = [_together(each, names) for each in result.against]
    runs = {result.sides[0].letter: pairs[0].a}
    runs |= {each.b.letter: pair.b for each, pair in zip(result.against, pairs, strict=True)}
    return Ranking(group, len(names), tuple(_places(result.sides, runs)))


def _together(against: Against, names: set[str]) -> Pair:
    """Return both sides with these configurations as one: the geometric mean of their times in each pass."""
    chosen = [one.pair for one in against.matched if one.name in names]
    return Pair(_mean([pair.a for pair in chosen]), _mean([pair.b for pair in chosen]))


def _mean(of_configurations: Sequence[tuple[RunValues, ...]]) -> tuple[RunValues, ...]:
    by_run = zip(*of_configurations, strict=True)
    means = []
    for values in by_run:
        passes = zip(*(one.seconds for one in values), strict=False)
        seconds = tuple(float(exp(np.mean(np.log(times)))) for times in passes)
        means.append(RunValues(seconds, values[0].started))
    return tuple(means)


def _places(sides: Sequence[Side], runs: dict[str, tuple[RunValues, ...]]) -> Iterator[Place]:
    baseline = sides[0]
    ordered = sorted(sides, key=lambda side: np.mean([run.center for run in runs[side.letter]]))
    leader, rank = ordered[0], 1
    for position, side in enumerate(ordered, start=1):
        above = None
        if side is not leader:
            above = _compared(leader, side, runs)
            if above.verdict is Outcome.SLOWER:
                leader, rank = side, position
        to_baseline = None if side is baseline else _compared(baseline, side, runs)
        yield Place(side, rank, to_baseline, above)


def _compared(a: Side, b: Side, runs: dict[str, tuple[RunValues, ...]]) -> Comparison:
    pair = Pair(runs[a.letter], runs[b.letter])
    return compare_runs({"": pair}, {}, same_machine=are_same_machine(a, b))[0]


def headline(ranking: Ranking) -> str:
    """Return who leads, or that nobody does."""
    first = [place.side.name for place in ranking.places if place.rank == 1]
    others = len(ranking.places) - len(first)
    of = f"over {count(ranking.num_configurations, 'configuration')}"
    if not others:
        return f"No side is told apart from the first, {of}"
    if len(first) == 1:
        return f"{first[0]} is the fastest, {of}"
    return f"{count(len(first), 'side')} share the first place before {count(others, 'other')}, {of}"


def table(ranking: Ranking, baseline: Side) -> Table:
    """Return the places with their ratios, intervals and the verdicts that give them."""
    shared = [place.rank for place in ranking.places]
    lines = [
        [
            cell(f"={place.rank}" if shared.count(place.rank) > 1 else place.rank, place.rank),
            cell(place.side.name),
            *_ratio(place.against_baseline),
            _verdict(place),
            Cell(place.side.machine),
        ]
        for place in ranking.places
    ]
    columns = ("place", "side", f"time over {baseline.letter}", "95 % interval", "why this place", "machine")
    caption = f"{ranking.group}: {headline(ranking)}"
    return Table(caption, columns, lines, is_folded=ranking.group != EVERYTHING)


def _ratio(comparison: Comparison | None) -> list[Cell]:
    if comparison is None:
        return [cell("1 (baseline)", 1.0), cell("")]
    return [
        cell(number(comparison.ratio), comparison.ratio),
        cell(shown.interval(comparison), comparison.low),
    ]


def _verdict(place: Place) -> Cell:
    one = place.against_leader
    if one is None:
        return cell("smallest time")
    settled = one.verdict is Outcome.SLOWER
    return Cell(
        f"{shown.verdict(one.verdict)} {'than the place above' if settled else 'against the first here'}"
    )

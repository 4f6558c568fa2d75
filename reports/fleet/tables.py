"""The tables of a fleet."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from reports.fleet.first_screen import findings
from reports.fleet.machines import FEWEST_PEERS, Deviation, Fleet, unusual_facts
from reports.parts import Part, Prose, Table, cell, number_cell
from reports.wording import count, listed, number, percent, shorten

MOST_LISTED = 10
MOST_DEVIATIONS = 200
MOST_NAMES = 3


def extremes(fleet: Fleet, found: Sequence[Deviation]) -> Iterator[Table]:
    """Yield the slowest and the fastest machines; of a few machines no more than half each."""
    ordered = list(fleet.speed.sort_values(kind="stable").index)
    amount = min(MOST_LISTED, len(ordered) // 2)
    for kind, chosen in (("slowest", ordered[::-1][:amount]), ("fastest", ordered[:amount])):
        caption = f"The {kind} machine" if amount == 1 else f"The {amount} {kind} machines"
        yield _listing(caption, fleet, found, chosen)


def every_machine(fleet: Fleet, found: Sequence[Deviation]) -> Table:
    """Return all machines, folded."""
    return _listing("Every machine", fleet, found, range(len(fleet.machines)), is_folded=True)


def _listing(
    caption: str, fleet: Fleet, found: Sequence[Deviation], machines: Sequence[int], is_folded: bool = False
) -> Table:
    quartiles = np.exp(fleet.over_fleet.quantile([0.25, 0.75], axis=1))
    verdicts = _verdicts(fleet, found)
    lines = [
        [
            cell(fleet.names[m]),
            cell(fleet.models[m]),
            number_cell(fleet.speed[m]),
            cell(f"{number(quartiles[m][0.25])} to {number(quartiles[m][0.75])}", quartiles[m][0.25]),
            cell(verdicts[m]),
        ]
        for m in machines
    ]
    columns = ("machine", "model", "typical time over the fleet's", "middle half", "against its model")
    return Table(caption, columns, lines, is_folded)


def _verdicts(fleet: Fleet, found: Sequence[Deviation]) -> list[str]:
    told = ["as its model" if peers >= FEWEST_PEERS else "too few peers to tell" for peers in fleet.num_peers]
    for one in found:
        told[one.machine] = "deviates in part" if one.key else "deviates"
    return told


def deviating(fleet: Fleet, found: Sequence[Deviation]) -> Iterator[Part]:
    """Yield who deviates in what, by how much, and what else is different there."""
    if not found:
        yield Prose("No machine is further from others of its model than they are from each other.")
        return
    differing = unusual_facts(fleet)
    lines = [
        [
            cell(fleet.names[one.machine]),
            cell(fleet.label(one.key) if one.key else "as a whole"),
            cell(number(one.ratio), one.ratio),
            cell(one.num_peers - 1, one.num_peers - 1),
            cell(_told(differing[one.machine])),
        ]
        for one in found[:MOST_DEVIATIONS]
    ]
    columns = ("machine", "in", "time over its peers'", "peers", "what else differs from them")
    yield Table(f"{count(len(found), 'deviation')}, furthest first", columns, lines)
    num_unlisted = len(found) - MOST_DEVIATIONS
    if num_unlisted > 0:
        yield Prose(f"{num_unlisted:,} more are not listed; the data below Machines hold them.")


def _told(facts: dict[str, tuple[str, str]]) -> str:
    differing = [f"{key} {own} (theirs: {usual})" for key, (own, usual) in facts.items()]
    return "; ".join(differing) or "no recorded fact"


def missing(fleet: Fleet) -> Iterator[Table]:
    """Yield what not every machine measured."""
    measured = fleet.log_seconds.notna().to_numpy()
    lines = [
        [cell(fleet.label(key)), cell(int(column.sum()), int(column.sum())), cell(_absent(fleet, column))]
        for key, column in zip(fleet.keys, measured.T, strict=True)
        if not column.all()
    ]
    if lines:
        caption = f"{count(len(lines), 'configuration')} that not every machine measured"
        yield Table(caption, ("configuration", "machines", "missing on"), lines, is_folded=True)


def _absent(fleet: Fleet, measured: np.ndarray) -> str:
    names = [shorten(fleet.names[row], 40) for row in np.flatnonzero(~measured)]
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES:,} more"]
    return listed(names)


def differing_facts(fleet: Fleet) -> Iterator[Table]:
    """Yield the facts in which machines of one model differ."""
    values: dict[tuple[str, str], Counter[str]] = {}
    for newest, *_ in fleet.machines:
        for key, value in newest.facts.items():
            values.setdefault((newest.model, key), Counter())[value] += 1
    lines = [
        [
            cell(model),
            cell(key),
            *(cell(f"{value} ({amount:,})") for value, amount in found.most_common(2)),
            cell(len(found), len(found)),
        ]
        for (model, key), found in values.items()
        if len(found) > 1
    ]
    if lines:
        columns = ("model", "fact", "most often", "then", "values")
        yield Table("Facts in which machines of one model differ", columns, lines)


def common_findings(fleet: Fleet) -> Iterator[Table]:
    """Yield the findings by how many machines have them."""
    problems, titles = findings(fleet)
    amount = len(fleet.machines)
    lines = [
        [
            cell(titles[code]),
            cell(code),
            cell(having, having),
            cell(percent(having / amount), having / amount),
        ]
        for code, having in problems.most_common()
    ]
    if lines:
        columns = ("finding", "code", "machines", "share")
        yield Table("Findings, by how many machines have them", columns, lines)

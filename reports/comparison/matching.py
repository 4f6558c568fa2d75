"""What of two sides can be compared, what cannot, and why: nothing is dropped in silence."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.comparisons import Pair
from reports.comparison.measured import WORKLOAD_TOLERANCE, Key, Measured, by_configuration
from reports.comparison.reading import Given
from reports.comparison.sides import Side
from reports.values import entries
from reports.wording import count, listed, shorten

NO_VALUE = "holds no usable time (NaN, zero or negative)"
ONE_VALUE = (
    "each file is one run with rounds only, and rounds of one process cannot show what varies between runs"
)

_ADDRESS = re.compile(r"(?<=UNSERIALIZABLE\[).*? at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Missing:
    """A configuration that was not compared, or not in all runs.

    Attributes
    ----------
    kind : str
        "missing" (one side has it), "refused" (not the same thing on both sides), "partial" (some runs lack
        it; it was compared all the same).
    """

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Matched:
    """One configuration that both sides measured, under a name of its own; `group` is its topic or file."""

    name: str
    pair: Pair
    flags: tuple[str, ...]
    group: str = ""


def matched(a: Side, b: Side) -> tuple[list[Matched], list[Missing]]:
    """Return the configurations of two sides that are comparable, and the others with their reasons."""
    runs = [*a.members, *b.members]
    tables = by_configuration(runs)
    tables_a, tables_b = tables[: len(a.members)], tables[len(a.members) :]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    names = _names(keys, tables)
    pairs: list[Matched] = []
    missing: list[Missing] = []
    for key in keys:
        found_a, found_b = _found(a, tables_a, key), _found(b, tables_b, key)
        name = names[key]
        absent = [side for side, found in ((a, found_a), (b, found_b)) if not found]
        if absent:
            missing.append(
                Missing(name, "missing", "; ".join(_absence(side, key, tables) for side in absent))
            )
        elif reasons := list(_refusals(found_a, found_b)):
            missing.append(Missing(name, "refused", f"not the same on both sides: {'; '.join(reasons)}"))
        else:
            missing += _partly(name, ((a, found_a), (b, found_b)))
            pair = Pair(*(tuple(one.values(given) for given, one in found) for found in (found_a, found_b)))
            pairs.append(Matched(name, pair, tuple(_flags(found_a, found_b)), key[0]))
    return pairs, missing


Found = list[tuple[Given, Measured]]


def _found(side: Side, tables: Sequence[dict[Key, Measured]], key: Key) -> Found:
    """Return the runs of a side that hold usable times of a configuration."""
    pairs = zip(side.members, tables, strict=True)
    return [(given, table[key]) for given, table in pairs if key in table and table[key].seconds]


def _names(keys: Sequence[Key], tables: Sequence[dict[Key, Measured]]) -> dict[Key, str]:
    """Return the entries' names, with what tells them apart where two configurations share one."""
    names = {key: next(table[key].name for table in tables if key in table) for key in keys}
    shared = Counter(names.values())
    return {
        key: name if shared[name] == 1 else f"{name} ({', '.join(filter(None, key))})"
        for key, name in names.items()
    }


def _absence(side: Side, key: Key, tables: Sequence[dict[Key, Measured]]) -> str:
    name = next(table[key].name for table in tables if key in table)
    for given in side.members:
        for failure in entries(given.run.suite.get("failures")):
            if _is_named(failure, name):
                why = failure.get("reason", "no reason given")
                return f"{failure.get('kind', 'failed')} in {side.name}: {why}"
        for skip in entries(given.run.suite.get("skipped")):
            if _is_named(skip, name):
                return f"skipped in {side.name}: {skip.get('reason', 'no reason given')}"
        if any(entry.get("name") == name for entry in given.run.benchmarks):
            return f"{side.name} {NO_VALUE}"
    return f"not in {side.name}"


def _is_named(record: dict[str, Any], name: str) -> bool:
    return record.get("name") == name or str(record.get("fullname") or "").endswith(f"::{name}")


def _partly(name: str, sides: Sequence[tuple[Side, Found]]) -> Iterator[Missing]:
    for side, found in sides:
        lacking = [given.label for given in side.members if given not in {other for other, _ in found}]
        if lacking:
            runs = f"{len(lacking)} of {count(len(side.members), 'run')}"
            yield Missing(name, "partial", f"not in {runs} of {side.name}: {shorten(', '.join(lacking))}")


def _refusals(a: Found, b: Found) -> Iterator[str]:
    """Yield in what the entries of one name are different things; the first run of A is the measure."""
    first = a[0][1]
    others = [one for _, one in (*a[1:], *b)]
    for what, of_first, of_others in (
        ("parameter", first.params, [one.params for one in others]),
        ("workload", first.workload, [one.workload for one in others]),
        ("per", {"unit": first.unit}, [{"unit": one.unit} for one in others]),
    ):
        keys = dict.fromkeys([*of_first, *(key for other in of_others for key in other)])
        for key in keys:
            values = [of_first.get(key, "absent"), *(other.get(key, "absent") for other in of_others)]
            different = [value for value in values[1:] if not _is_same(values[0], value)]
            if different:
                yield f"{what} {key} {_shown(values[0])} against {_shown(different[0])}"
    if (quantity := first.workload["quantity"]) != "seconds":
        yield f"measured in {quantity}, not in seconds"


def _is_same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=WORKLOAD_TOLERANCE)
    return bool(a == b) or _text(a) == _text(b)


def _text(value: Any) -> str:
    """Return a JSON value as text in which NaN equals NaN, and a foreign object itself at another address."""
    return _ADDRESS.sub("", json.dumps(value, sort_keys=True, default=str))


def _shown(value: Any) -> str:
    return shorten(f"{value:g}" if isinstance(value, float) else str(value), 60)


def _flags(a: Found, b: Found) -> Iterator[str]:
    threads = [sorted({number for _, one in found for number in one.num_threads}) for found in (a, b)]
    if threads[0] != threads[1] and all(threads):
        told = [listed([f"{number:g}" for number in side]) for side in threads]
        yield f"threads {told[0]} against {told[1]}"
    if not all(one.has_passes for _, one in (*a, *b)):
        yield ONE_VALUE

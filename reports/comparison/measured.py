"""What a run measured of each configuration, and which entries of several runs are the same configuration."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, TypeAlias

from diagnostics.differences import RunValues
from diagnostics.recorded import reference_seconds
from reports import frames
from reports.comparison.reading import Given
from reports.values import as_number, entries, mapping

Key: TypeAlias = tuple[str, ...]

SHORTEST_SECONDS, LONGEST_SECONDS = 1e-15, 1e12  # beyond these a value is no measurement
ROUNDING = 1e-4  # relative: clocks far from zero resolve no better where pass times are replayed
WORKLOAD_FIGURES = ("batch_size", "sample_bytes", "moved_bytes")
WORKLOAD_TOLERANCE = 0.01
STUDY_RESULTS = ("name", "epochs")  # how far a study came is no part of what it is


@dataclass(frozen=True, eq=False)
class Measured:
    """One configuration in one run.

    Attributes
    ----------
    seconds : tuple of float
        One value a pass; the median alone where the file knows no passes; empty where none is usable.
    workload : dict
        What defines the work beside the parameters: sizes, the fixed part of a study, the quantity measured.
    num_threads : tuple of float
        The numbers of threads that its passes ran with.
    is_scaled : bool
        The passes did not agree with `stats.median` and were scaled to it.
    """

    identity: Key
    name: str
    params: dict[str, Any]
    unit: str
    workload: dict[str, Any]
    num_threads: tuple[float, ...]
    seconds: tuple[float, ...]
    has_passes: bool
    is_scaled: bool

    def values(self, given: Given) -> RunValues:
        """Return the durations as the statistics take them."""
        return RunValues(self.seconds, given.started)


def measured(given: Given) -> list[Measured]:
    """Return every entry of a run, in the order of the file."""
    medians = frames.configurations(given.run)["median"]
    return [_measured(entry, as_number(m)) for entry, m in zip(given.run.benchmarks, medians, strict=True)]


def by_configuration(runs: Sequence[Given]) -> list[dict[Key, Measured]]:
    """Return the entries of each run by what tells configurations apart in all of them.

    That is topic and name, or file and name, never the folder in front: the same suite may lie elsewhere.
    Where a run holds several entries of one such identity, parameters tell them apart, then their order.
    """
    lists = [measured(given) for given in runs]
    twice = {
        identity
        for found in lists
        for identity, number in Counter(one.identity for one in found).items()
        if number > 1
    }
    return [_numbered(found, twice) for found in lists]


def _numbered(found: Iterable[Measured], twice: set[Key]) -> dict[Key, Measured]:
    kept: dict[Key, Measured] = {}
    numbers: Counter[Key] = Counter()
    for entry in found:
        one, key = entry, entry.identity
        if key in twice:
            key = (*key, json.dumps(one.params, sort_keys=True, default=str))
        numbers[key] += 1
        if numbers[key] > 1:
            key, one = (*key, f"#{numbers[key]}"), replace(one, name=f"{one.name} #{numbers[key]}")
        kept[key] = one
    return kept


def _measured(entry: dict[str, Any], center: float) -> Measured:
    extra = mapping(entry.get("extra_info"))
    passes = _passes(entry)
    seconds = _usable(as_number(measured.get("seconds")) for measured in passes)
    scaled, is_scaled = _scaled(seconds, center)
    figures = [mapping(measured.get("figures")) for measured in passes]
    threads = {as_number(figure.get("num_threads")) for figure in figures}
    return Measured(
        identity=identity(entry, str(extra.get("topic") or "")),
        name=str(entry.get("name") or entry.get("fullname") or "(no name)"),
        params=mapping(entry.get("params")),
        unit=str(extra.get("unit") or ""),
        workload=_workload(extra, figures),
        num_threads=tuple(sorted(number for number in threads if math.isfinite(number))),
        seconds=scaled,
        has_passes=bool(seconds),
        is_scaled=is_scaled,
    )


def identity(entry: dict[str, Any], topic: str) -> Key:
    """Return what an entry is called wherever its suite lies: topic and name, or file and name."""
    name = str(entry.get("name") or "")
    path, separator, rest = str(entry.get("fullname") or "").partition("::")
    if topic or not separator:
        return (topic, name or path or "(no name)")
    return (path.replace("\\", "/").rpartition("/")[2], rest)


def _usable(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(value for value in values if SHORTEST_SECONDS < value < LONGEST_SECONDS)


def _scaled(seconds: tuple[float, ...], center: float) -> tuple[tuple[float, ...], bool]:
    """Return the passes so that their median is `stats.median`, which is what other tools read and edit."""
    if not _usable([center]):
        return (), False
    if not seconds:
        return (center,), False
    own = median(seconds)
    if math.isclose(own, center, rel_tol=ROUNDING):
        return seconds, False
    return tuple(value * (center / own) for value in seconds), True


def _workload(extra: dict[str, Any], figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sizes = {
        name: median(found)
        for name in WORKLOAD_FIGURES
        if (found := [value for one in figures if math.isfinite(value := as_number(one.get(name)))])
    }
    study = mapping(extra.get("study"))
    fixed = {
        key: value
        for key, value in study.items()
        if isinstance(value, (str, int, float)) and key not in STUDY_RESULTS
    }
    return sizes | fixed | {"quantity": str(extra.get("quantity") or "seconds")}


def references(runs: Sequence[Given]) -> list[dict[str, RunValues]]:
    """Return each run's references, one value a pass: the median over all places where the pass timed it."""
    return [
        {
            kind: RunValues(tuple(seconds), given.started)
            for kind, seconds in reference_seconds(map(_passes, given.run.benchmarks)).items()
        }
        for given in runs
    ]


def _passes(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return entries(mapping(entry.get("extra_info")).get("passes"))

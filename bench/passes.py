"""The schedule: several passes over all configurations, each in an order shuffled anew."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, Protocol

from bench.host import MeasurementError, SkippedHereError

PASS_SECONDS = 0.3  # how long one configuration takes in one pass
SMOKE_SECONDS, SMOKE_UNTIL = 0.02, 0.02
REDONE_SHARE = 0.2  # of the time that the passes took, for repeating what was disturbed


@dataclass
class Series:
    """One configuration and what was measured of it so far.

    Attributes
    ----------
    fullname : str
        The pytest node id.
    name, topic, unit : str
    params : dict
    file, function : where the measuring process finds the benchmark function
    passes : list of dict
        Records of finished passes, as in a result file; before the first one, `unfinished`, what a study has
        come to in it.
    study : dict or None
        What a study has come to so far; the rest of its pass stands in `passes`.
    failure : MeasurementError or None
        Why it was given up.
    skipped : str or None
        Why it does not exist here.
    """

    fullname: str
    name: str
    topic: str
    params: dict[str, Any]
    file: Path
    function: str
    unit: str = ""
    passes: list[dict[str, Any]] = field(default_factory=list)
    study: dict[str, Any] | None = None
    failure: MeasurementError | None = None
    skipped: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether no further pass is worth trying."""
        return self.failure is not None or self.skipped is not None

    @property
    def num_passes(self) -> int:
        """How many passes are over."""
        return sum(not record.get("unfinished") for record in self.passes)

    def keep(self, so_far: dict[str, Any]) -> None:
        """Take what a study has come to in its first pass, should that be cut off."""
        record = dict(so_far)
        self.unit, self.study = record.pop("unit"), record.pop("study")
        self.passes = [{"pass": 0, "unfinished": True, **record}]

    def add(self, number: int, position: int, record: dict[str, Any]) -> None:
        """Take the record of a whole pass."""
        record = dict(record)
        self.unit, self.study = record.pop("unit", self.unit), record.pop("study")
        over = self.passes[: self.num_passes]
        self.passes = [*over, {"pass": number, "position": position, **record}]

    def seconds(self) -> list[float]:
        """Seconds per unit, one value a pass."""
        return [record["seconds"] for record in self.passes]

    def extra_info(self) -> dict[str, Any]:
        """What a result file holds beside pytest-benchmark's own figures."""
        info: dict[str, Any] = {"topic": self.topic, "unit": self.unit, "passes": self.passes}
        info["figures"] = _medians([record["figures"] for record in self.passes])
        if self.study is not None:
            info["study"] = self.study
        return info


class Measures(Protocol):
    """What the schedule needs of a host."""

    def measure(
        self, name: str, file: Path, function: str, params: dict[str, Any], *, seconds: float, until: float
    ) -> dict[str, Any]:
        """Measure one pass of one configuration."""


@dataclass(frozen=True)
class Schedule:
    """How many passes, in which orders, and how long each configuration takes in one.

    Attributes
    ----------
    num_passes : int
    order_seed : int
        Decides the order of every pass.
    is_smoke : bool
        Only find out whether everything runs.
    clock : callable
        Seconds, for the budget and for bounding what is redone.
    budget_seconds : float or None
        When to stop, after the first pass.
    """

    num_passes: int
    order_seed: int
    is_smoke: bool = False
    clock: Callable[[], float] = monotonic
    budget_seconds: float | None = None

    def order(self, number: int, series: Sequence[Series]) -> list[Series]:
        """Return the order of pass `number`, counted from 0."""
        shuffled = list(series)
        random.Random(f"{self.order_seed} {number}").shuffle(shuffled)
        return shuffled

    def run(self, host: Measures, series: Sequence[Series], finished: Callable[[int, Series], None]) -> bool:
        """Measure every pass; `finished` hears of each measurement, with the number of its pass.

        What was disturbed is measured once more at the end, as far as `REDONE_SHARE` of the time allows.
        After the first pass, nothing begins once the budget is spent: then the answer is False.
        """
        begun = self.clock()
        for number in range(self.num_passes):
            for position, one in enumerate(self.order(number, series)):
                if number and self.budget_seconds is not None and self.clock() - begun > self.budget_seconds:
                    return False
                if not one.is_over and (record := self._measured(host, one, number)):
                    one.add(number, position, record)
                finished(number, one)
        if not self.is_smoke:
            now = self.clock()
            until = now + REDONE_SHARE * (now - begun)
            if self.budget_seconds is not None:
                until = min(until, begun + self.budget_seconds)
            self._redo(host, series, until)
        return True

    def _redo(self, host: Measures, series: Sequence[Series], until: float) -> None:
        """Measure disturbed passes again, the most disturbed first; a study's cannot be had twice."""
        disturbed = [
            (one, place)
            for one in series
            if not one.is_over and one.study is None
            for place, record in enumerate(one.passes)
            if record.get("disturbed")
        ]
        disturbed.sort(key=lambda found: -(found[0].passes[found[1]].get("steal_fraction") or 0.0))
        for one, place in disturbed:
            if self.clock() >= until or one.is_over:
                continue
            if again := self._measured(host, one, one.passes[place]["pass"]):
                one.passes[place] = _better(one.passes[place], again)

    def _measured(self, host: Measures, one: Series, number: int) -> dict[str, Any] | None:
        """Return the record of a pass, or None; then the series holds the reason."""
        seconds = SMOKE_SECONDS if self.is_smoke else PASS_SECONDS
        until = SMOKE_UNTIL if self.is_smoke else (number + 1) / self.num_passes
        try:
            return host.measure(
                one.fullname, one.file, one.function, one.params, seconds=seconds, until=until
            )
        except MeasurementError as failure:
            one.failure = failure
        except SkippedHereError as skipped:
            one.skipped = str(skipped)
        return None


def _better(first: dict[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    """Return what stands of a disturbed pass and its repetition, with the other's value beside it.

    The repetition stands where nothing disturbed it, whatever its value: choosing by value would bias it.
    """
    again = {"pass": first["pass"], "position": first["position"], **again}
    for left_out in ("unit", "study"):
        again.pop(left_out, None)
    stands, other = (first, again) if again.get("disturbed") else (again, first)
    kept = {"seconds": other["seconds"], "disturbed": other["disturbed"], "was_first": other is first}
    return {**stands, "redone": kept}


def _medians(records: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Median over the passes of every figure, leaving out what could not be told."""
    series: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.items():
            if value is not None:
                series.setdefault(name, []).append(value)
    return {name: median(values) for name, values in series.items()}

"""A against B: unit after unit, until every configuration is settled or the budget is spent."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from bench.contrasts import Contrast
from bench.host import MeasurementError
from diagnostics.comparisons import Comparison, Outcome, compare_pairs

# Haybittle and Peto: looks before the end claim at a small level, so that the last has nearly all of 0.05;
# nine times 0.0005 and 0.04 are less than that (Bonferroni), with something left for the trimmed mean, which
# claims in 4.5 % at 4 % of normal values. The first look comes late enough for chance: where the layout of
# memory makes a process either faster or slower, eight agree once in 128 times.
INTERIM_LEVEL, FINAL_LEVEL = 0.0005, 0.04
LOOKS = (8, 12, 18, 27, 40, 60, 90, 135, 200)
MAX_UNITS = 300
NO_SIGN = 0.2  # p-value above which more units would hardly turn `same` into a small change

Unit = Callable[[Contrast, int], float]


@dataclass
class AbResult:
    """What an A/B run came to.

    Attributes
    ----------
    comparisons : list of Comparison
    log_ratios : dict of str to list of float
        One value a unit.
    failures : dict of str to str
        Why a configuration was given up.
    seconds : float
    stopped : str
        "settled", "budget", "units" or "interrupted".
    """

    comparisons: list[Comparison] = field(default_factory=list)
    log_ratios: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: str = "units"

    def as_rows(self) -> list[dict[str, Any]]:
        """Return the comparisons as the `--json` document holds them."""
        return [
            {
                "name": one.name,
                "a": "a",
                "b": "b",
                "ratio": _finite(one.ratio),
                "ratio_low": _finite(one.low),
                "ratio_high": _finite(one.high),
                "verdict": str(one.verdict),
                "reason": one.reason,
                "log_ratios": self.log_ratios.get(one.name, []),
            }
            for one in self.comparisons
        ]


def run(
    contrasts: Sequence[Contrast],
    measure: Unit,
    *,
    budget_seconds: float,
    seed: int,
    unit: str = "processes",
    max_units: int = MAX_UNITS,
    clock: Callable[[], float] = monotonic,
) -> AbResult:
    """Measure unit after unit, each configuration once a unit in random order.

    Parameters
    ----------
    contrasts : sequence of Contrast
    measure : callable
        From a contrast and a seed to one log-ratio; raises MeasurementError.
    budget_seconds : float
        No unit begins after it is spent.
    seed : int
    unit : str
        What a unit is called in the reasons.

    Notes
    -----
    A look before the end (at `LOOKS` units) stops only if every configuration is settled at `INTERIM_LEVEL`:
    a change, or an interval at that level inside 5 % and no sign of any change. The last claims at 0.04.
    """
    chance, begun = random.Random(seed), clock()
    result = AbResult(log_ratios={one.name: [] for one in contrasts})

    def is_over(number: int) -> bool:
        if number in LOOKS and _is_settled(result, unit):
            result.stopped = "settled"
        elif clock() - begun > budget_seconds:
            result.stopped = "budget"
        return result.stopped != "units"

    try:
        for number in range(max_units):
            for one in chance.sample(list(contrasts), len(contrasts)):
                if one.name not in result.failures:
                    _measure(one, measure, chance.randrange(2**32), result)
            if is_over(number + 1):
                break
    except KeyboardInterrupt:  # whoever pressed it has seen no value: the last look holds as planned
        result.stopped = "interrupted"
    level = INTERIM_LEVEL if result.stopped == "settled" else FINAL_LEVEL
    result.comparisons = compare_pairs(_usable(result), unit, level)
    result.seconds = clock() - begun
    return result


def _measure(one: Contrast, measure: Unit, seed: int, result: AbResult) -> None:
    try:
        result.log_ratios[one.name].append(measure(one, seed))
    except MeasurementError as failure:
        result.failures[one.name] = f"{failure.kind}: {failure.reason}"


def _usable(result: AbResult) -> Mapping[str, Sequence[float]]:
    return {name: values for name, values in result.log_ratios.items() if name not in result.failures}


def _is_settled(result: AbResult, unit: str) -> bool:
    interim = compare_pairs(_usable(result), unit, INTERIM_LEVEL)
    return all(
        one.p_value > NO_SIGN if one.verdict is Outcome.SAME else one.verdict is not Outcome.UNSURE
        for one in interim
    )


def _finite(value: float) -> float | None:
    return value if 0 < value < float("inf") else None

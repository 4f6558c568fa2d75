"""Comparisons that tell change from noise: which verdict the differences allow, and why, in words.

Two designs. *Paired*: A and B alternate within each unit (a fresh process, a pass). *Runs*: A and B are saved
runs; the run is the unit, because runs of one machine differ far more than the passes within one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, expm1, log, sqrt

import numpy as np

from diagnostics.differences import (
    CONFIDENCE,
    MIN_RUNS,
    Difference,
    RunValues,
    difference_in_turn,
    drift_of_others,
    holm,
    is_interleaved,
    paired_difference,
    pairs_in_turn,
    run_difference,
    units_needed,
)

EQUIVALENCE = 0.05  # two settings within this of each other are the same for every practical purpose
# Medians of identical loader benchmarks drifted by 25 % (one standard deviation) between runs minutes apart
# on a shared 2-core machine. Below MIN_RUNS a side nothing in the data tells whether this machine is calmer.
RUN_DRIFT = 0.25


class Outcome(StrEnum):
    """What can be said of b against a."""

    FASTER = "faster"
    SLOWER = "slower"
    SAME = "same"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Comparison:
    """b against a for one configuration.

    Attributes
    ----------
    name : str
    ratio, low, high : float
        b's time over a's, and its 95 % interval (of this comparison alone); 0 and inf if nothing bounds it.
    verdict : Outcome
        After correction for the number of comparisons.
    reason : str
        Why, in words.
    p_value : float
        Holm-corrected.
    adjusted_ratio : float or None
        The ratio relative to the references, where both sides have them.
    """

    name: str
    ratio: float
    low: float
    high: float
    verdict: Outcome
    reason: str
    p_value: float
    adjusted_ratio: float | None = None


@dataclass(frozen=True)
class Pair:
    """The runs of both sides for one configuration or one reference."""

    a: tuple[RunValues, ...]
    b: tuple[RunValues, ...]

    @property
    def has_few_runs(self) -> bool:
        """Whether a side has fewer runs than its spread can be told from."""
        return min(len(self.a), len(self.b)) < MIN_RUNS


@dataclass(frozen=True)
class _Evidence:
    """What one comparison rests on: the difference with all its uncertainty, and where that comes from."""

    difference: Difference
    adjusted: Difference | None
    drift: float
    num_units: str
    unit_deviation: float
    more_units: str
    is_paired: bool

    @property
    def p_value(self) -> float:
        """The larger of the raw and the reference-adjusted p-value: a change of code shows in both."""
        adjusted = self.adjusted.p_value if self.adjusted is not None else 0.0
        return max(self.difference.p_value, adjusted)


def compare_runs(
    configurations: Mapping[str, Pair], references: Mapping[str, Pair], *, same_machine: bool
) -> list[Comparison]:
    """Compare two sides of saved runs, configuration by configuration.

    Parameters
    ----------
    configurations : mapping of str to Pair
        Every configuration that both sides have.
    references : mapping of str to Pair
        The references (arithmetic, copy, pipe) of the same runs; empty for files of other suites.
    same_machine : bool
        On one machine's hardware, whatever software runs on it, the references do the same work at the same
        speed but for drift, so a verdict must hold relative to them as well. Between machines they differ by
        right.

    Returns
    -------
    list of Comparison
        In the given order.

    Notes
    -----
    Runs of one machine that were made in turns (A B B A ...) are compared pair by pair: neighbours in time
    share their drift. Otherwise three uncertainties are added up. The spread between runs of a side, as a
    random effect (never taken for smaller than the passes allow). Where a side has fewer than three runs,
    `RUN_DRIFT`. And where the sides were measured one after the other on one machine, what the references
    and the other configurations show to have moved between them for no reason of their own.
    """
    moved = {name: run_difference(pair.a, pair.b).value for name, pair in references.items()}
    differences = {name: run_difference(pair.a, pair.b).value for name, pair in configurations.items()}
    evidence = {}
    for name, pair in configurations.items():
        in_blocks = same_machine and not is_interleaved(pair.a, pair.b)
        drift = drift_of_others(name, differences, moved) if in_blocks else 0.0
        evidence[name] = _of_runs(pair, references, drift, same_machine=same_machine)
    return _concluded(evidence, 1 - CONFIDENCE)


def compare_pairs(
    log_ratios: Mapping[str, Sequence[float]], unit: str = "processes", level: float = 1 - CONFIDENCE
) -> list[Comparison]:
    """Compare A and B that alternated within each unit.

    Parameters
    ----------
    log_ratios : mapping of str to sequence of float
        For each configuration one logarithm of b's time over a's per unit.
    unit : str
        What the units are called in the reasons.
    level : float
        Chance of a false claim over all of them; smaller where the data are looked at more than once.
    """
    evidence = {}
    for name, values in log_ratios.items():
        finite = [value for value in values if np.isfinite(value)]
        difference = paired_difference(finite)
        deviation = difference.standard_error * sqrt(len(finite))
        told = "a single measurement" if len(finite) == 1 else f"{len(finite)} {unit}"
        evidence[name] = _Evidence(difference, None, 0.0, told, deviation, more_units="", is_paired=True)
    return _concluded(evidence, level)


def _of_runs(pair: Pair, references: Mapping[str, Pair], drift: float, *, same_machine: bool) -> _Evidence:
    if pair.has_few_runs:
        drift = sqrt(drift**2 + RUN_DRIFT**2 * (1 / max(1, len(pair.a)) + 1 / max(1, len(pair.b))))
    couples = pairs_in_turn(pair.a, pair.b) if same_machine else []
    difference = difference_in_turn(couples) if couples else run_difference(pair.a, pair.b)
    raw = difference.widened(drift)
    adjusted = _relative(pair, references) if same_machine else None
    harmonic = 1 / sqrt(1 / max(1, len(pair.a)) + 1 / max(1, len(pair.b)))
    return _Evidence(
        raw,
        adjusted.widened(drift) if adjusted is not None else None,
        drift,
        f"{len(couples)} pairs of runs in turns" if couples else _told(pair),
        raw.standard_error * (sqrt(len(couples)) if couples else harmonic),
        more_units=" such pairs" if couples else " runs a side, the sides in turns,",
        is_paired=bool(couples),
    )


def _told(pair: Pair) -> str:
    return f"{len(pair.a)} and {len(pair.b)} {'run' if len(pair.b) == 1 else 'runs'}"


def _relative(pair: Pair, references: Mapping[str, Pair]) -> Difference | None:
    """The same difference with each run's own references taken off, or None where a run has none.

    Of several references the median counts: one of them may be far off, as a pipe is when the two ends of it
    land on one core.
    """
    found = [
        (_shifts(pair.a, reference.a), _shifts(pair.b, reference.b)) for reference in references.values()
    ]
    usable = [[*a, *b] for a, b in found if a is not None and b is not None]
    if not usable or not pair.a or not pair.b:
        return None
    moved = np.array(usable) - np.median(usable, axis=1, keepdims=True)
    shifts = np.median(moved, axis=0)
    a, b = (
        [run.divided_by(exp(shift)) for run, shift in zip(runs, of_runs, strict=True)]
        for runs, of_runs in ((pair.a, shifts[: len(pair.a)]), (pair.b, shifts[len(pair.a) :]))
    )
    couples = pairs_in_turn(a, b)
    return difference_in_turn(couples) if couples else run_difference(a, b)


def _shifts(runs: Sequence[RunValues], references: Sequence[RunValues]) -> list[float] | None:
    """Return the reference's mean logarithm for each run, found by when the run began.

    A configuration may be missing in some runs, so that there are more references than runs of it. Where the
    files do not say when they began, or two began at once, only equal numbers can be paired, in their order.
    """
    if len(runs) == len(references) and [run.started for run in runs] == [one.started for one in references]:
        found = [one.center for one in references]
    else:
        starts = [one.started for one in references]
        known = {one.started: one.center for one in references if one.started}
        if len(known) < len(starts) or any(run.started not in known for run in runs):
            return None
        found = [known[run.started] for run in runs]
    return found if np.isfinite(found).all() else None


def _concluded(evidence: Mapping[str, _Evidence], level: float) -> list[Comparison]:
    corrected = holm({name: one.p_value for name, one in evidence.items()})
    comparisons = []
    for name, one in evidence.items():
        low, high = (exp(bound) for bound in one.difference.bounds())
        outcome = conclude(one.difference, corrected[name], level)
        comparisons.append(
            Comparison(
                name=name,
                ratio=exp(one.difference.value),
                low=low,
                high=high,
                verdict=outcome,
                reason=_reason(one, outcome, len(evidence)),
                p_value=corrected[name],
                adjusted_ratio=exp(one.adjusted.value) if one.adjusted is not None else None,
            )
        )
    return comparisons


def conclude(difference: Difference, p_corrected: float, level: float = 1 - CONFIDENCE) -> Outcome:
    """Turn a difference into a verdict: a change that survives the correction, equivalence, or neither.

    A change that is certain is told even where the whole interval lies within `EQUIVALENCE`: 2 % that are
    there are a finding, and the reason says how small they are.
    """
    if p_corrected < level:
        return Outcome.SLOWER if difference.value > 0 else Outcome.FASTER
    if _is_equivalent(difference, level):
        return Outcome.SAME
    return Outcome.UNSURE


def _is_equivalent(difference: Difference, level: float = 1 - CONFIDENCE) -> bool:
    low, high = difference.bounds(1 - min(level, 1 - CONFIDENCE))
    return low > log(1 - EQUIVALENCE) and high < log(1 + EQUIVALENCE)


def _reason(one: _Evidence, outcome: Outcome, count: int) -> str:
    units = one.num_units
    if not one.difference.standard_error > 0:
        return f"{units}: no spread to judge by; measure again"
    if outcome is Outcome.SAME:
        return f"{units}: the whole interval lies within {EQUIVALENCE:.0%}"
    if outcome in {Outcome.SLOWER, Outcome.FASTER}:
        among = f", after correction for {count} comparisons" if count > 1 else ""
        small = f"; it is there, but below {EQUIVALENCE:.0%}" if _is_equivalent(one.difference) else ""
        return f"{units}: the difference is beyond what varies between them{among}{small}"
    return f"{units}: {_doubt(one, count)}; {_would_settle(one)}"


def _doubt(one: _Evidence, count: int) -> str:
    """Say what stands between an unsure comparison and a verdict."""
    if one.p_value < 1 - CONFIDENCE and count > 1:
        return f"a difference alone, but not after correction for {count} comparisons"
    if one.adjusted is not None and one.difference.p_value < 1 - CONFIDENCE <= one.adjusted.p_value:
        return "the references moved as well, so it may be the machine"
    if one.drift > one.difference.standard_error / 2:
        return f"drift between runs alone is about {one.drift:.0%}"
    return f"single values differ by {percent(one.unit_deviation)} (one standard deviation)"


def _would_settle(one: _Evidence) -> str:
    ten, five = (units_needed(one.unit_deviation, share, is_paired=one.is_paired) for share in (0.10, 0.05))
    return f"about {ten:,}{one.more_units} would settle 10 %, {five:,} would settle 5 %"


def percent(log_ratio: float) -> str:
    """Tell a standard deviation on the log scale as a percentage: 0.262 is 30 %."""
    return f"{100 * expm1(log_ratio):.2g} %" if log_ratio < 1 else f"a factor of {exp(log_ratio):.2g}"

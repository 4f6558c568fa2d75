"""Differences of logarithms of durations, and how sure they are: the statistics under `comparisons`.

A difference is one of mean logarithms, b minus a; its exponential is the ratio of b's time to a's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, log, sqrt

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
MIN_RUNS = 3  # a side; with two, the spread between runs rests on one difference
LEAST_DEVIATION = 1e-4  # of a log-ratio of two runs: clocks and rounded files resolve no better
DRIFT_DEGREES = 3  # drift has heavy tails: neighbours come and go
# Share of the units that is trimmed at either end, by their number: a neighbour's visit spoils some of them.
# Trimming more of fewer would claim too often where a process is either fast or slow (0.2 of 10: 11 %).
TRIMMED_SHARES = {18: 0.2, 10: 0.1, 0: 0.0}


@dataclass(frozen=True)
class RunValues:
    """One run's durations of one configuration.

    Attributes
    ----------
    seconds : tuple of float, length p
        One value a pass, positive.
    started : str
        When the run began, ISO 8601, or "" where the file does not say; tells interleaved runs from blocks.
    """

    seconds: tuple[float, ...]
    started: str = ""

    @property
    def center(self) -> float:
        """Mean of the logarithms, NaN where no value is usable."""
        logs = self._logs()
        return float(logs.mean()) if logs.size else float("nan")

    @property
    def variance_of_center(self) -> float:
        """What the spread of the passes alone makes of the centre's variance, 0 for a single pass."""
        logs = self._logs()
        return float(logs.var(ddof=1) / logs.size) if logs.size > 1 else 0.0

    def divided_by(self, factor: float) -> "RunValues":
        """Return the run relative to a factor."""
        return RunValues(tuple(value / factor for value in self.seconds), self.started)

    def _logs(self) -> np.ndarray:
        values = np.asarray(self.seconds, dtype=float)
        return np.log(values[np.isfinite(values) & (values > 0)])


@dataclass(frozen=True)
class Difference:
    """A difference of mean logarithms, b minus a, with its uncertainty.

    Attributes
    ----------
    value, standard_error : float
    degrees : float
        Degrees of freedom of the standard error.
    """

    value: float
    standard_error: float
    degrees: float

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference; 1 where there is no spread to judge by."""
        if not self.standard_error > 0 or not np.isfinite(self.value):
            return 1.0
        return float(2 * stats.t.sf(abs(self.value) / self.standard_error, self.degrees))

    def bounds(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Interval of the difference, infinite where there is no spread to judge by."""
        if not self.standard_error > 0 or not np.isfinite(self.value):
            return -inf, inf
        half = float(stats.t.ppf(0.5 + confidence / 2, self.degrees)) * self.standard_error
        return self.value - half, self.value + half

    def widened(self, drift: float) -> "Difference":
        """Add a drift (a standard deviation with heavy tails) that the values themselves cannot show."""
        total = self.standard_error**2 + drift**2
        if total == 0 or drift == 0:
            return self
        parts = self.standard_error**4 / max(self.degrees, 1) + drift**4 / DRIFT_DEGREES
        return Difference(self.value, sqrt(total), max(1.0, total**2 / parts))  # Welch and Satterthwaite


def paired_difference(log_ratios: Sequence[float] | np.ndarray) -> Difference:
    """Difference from one log-ratio a unit (process or pass), in each of which A and B alternated.

    Alternation makes drift hit both alike (Bulej et al. 2020); the unit that varies most is the one repeated
    (Kalibera and Jones 2013). From ten units on a tenth at either end is trimmed, from eighteen on a fifth,
    and the standard error is that of the trimmed mean (Tukey and McLaughlin 1963). On a machine with busy
    neighbours, 128 comparisons of 11 to 22 units, a fifth found 5 % in 11 of 12 where the plain mean found
    9, 2 % in 12 where it found 7, and claimed as rarely of identical code (3 of 80 both).
    """
    values = np.asarray(log_ratios, dtype=float)
    values = values[np.isfinite(values)]
    if values.size < 2:
        return Difference(float(values.mean()) if values.size else float("nan"), 0.0, 1.0)
    share = next(share for least, share in TRIMMED_SHARES.items() if values.size >= least)
    num_trimmed = int(share * values.size)
    if num_trimmed == 0:
        return Difference(float(values.mean()), float(stats.sem(values)), float(values.size - 1))
    error = float(stats.mstats.trimmed_stde(values, limits=(share, share)))
    center = float(stats.trim_mean(values, share))
    return Difference(center, error, float(values.size - 2 * num_trimmed - 1))


def run_difference(a: Sequence[RunValues], b: Sequence[RunValues]) -> Difference:
    """Welch difference of two sides whose runs are the units: a random effect of the run on every pass.

    The variance between runs is not believed to be smaller than the passes alone would make it.
    """
    sides = [_side(side) for side in (a, b)]
    value = sides[1].center - sides[0].center
    parts = [one.variance / max(1, len(side)) for one, side in zip(sides, (a, b), strict=True)]
    total = sum(parts)
    if not np.isfinite(value) or not total > 0:
        return Difference(value, 0.0, 1.0)
    shares = [part**2 / one.degrees for part, one in zip(parts, sides, strict=True)]
    return Difference(value, sqrt(total), max(1.0, total**2 / sum(shares)))


@dataclass(frozen=True)
class _SideOfRuns:
    """Mean of the runs' centres, the variance of a single run's centre, and what that rests on."""

    center: float
    variance: float
    degrees: float


def _side(runs: Sequence[RunValues]) -> _SideOfRuns:
    centers = np.array([run.center for run in runs])
    center = float(centers.mean()) if centers.size else float("nan")
    between = float(centers.var(ddof=1)) if centers.size > 1 else 0.0
    within = float(np.mean([run.variance_of_center for run in runs])) if runs else 0.0
    if between >= within:
        return _SideOfRuns(center, between, max(1, centers.size - 1))
    return _SideOfRuns(center, within, max(1, sum(len(run.seconds) - 1 for run in runs)))


def pairs_in_turn(a: Sequence[RunValues], b: Sequence[RunValues]) -> list[tuple[RunValues, RunValues]]:
    """Pair each run of a with the run of b beside it in time.

    Returns
    -------
    list of (run of a, run of b)
        Empty unless there are `MIN_RUNS` a side or more, those of a side differ, and in the order in which
        they began all are pairs of one each: A B B A A B.
    """
    begun = [(run.started, side, run) for side, runs in enumerate((a, b)) for run in runs]
    begun.sort(key=lambda one: one[:2])
    couples = [(first, second) for first, second in zip(begun[::2], begun[1::2], strict=False)]
    is_in_turn = all(started for started, _, _ in begun) and all(x[1] != y[1] for x, y in couples)
    varies = all(np.ptp([run.center for run in side]) > LEAST_DEVIATION for side in (a, b) if side)
    if not (len(a) == len(b) >= MIN_RUNS and is_in_turn and varies):
        return []
    return [(x[2], y[2]) if x[1] == 0 else (y[2], x[2]) for x, y in couples]


def difference_in_turn(couples: Sequence[tuple[RunValues, RunValues]]) -> Difference:
    """Difference of two sides whose runs were made in turns: one log-ratio a pair, which shares its drift.

    Where all ratios agree, as in copies with every time multiplied, the ratio is known to the resolution of
    the files.
    """
    ratios = np.array([b.center - a.center for a, b in couples])
    deviation = max(float(ratios.std(ddof=1)), LEAST_DEVIATION)
    return Difference(float(ratios.mean()), deviation / sqrt(ratios.size), float(ratios.size - 1))


def is_interleaved(a: Sequence[RunValues], b: Sequence[RunValues]) -> bool:
    """Whether both sides' runs alternate in time; False where one was over before the other began."""
    times_a, times_b = ([run.started for run in side] for side in (a, b))
    if not times_a or not times_b or not all(times_a + times_b):
        return False
    return max(times_a) >= min(times_b) and max(times_b) >= min(times_a)


def drift_of_others(name: str, differences: Mapping[str, float], references: Mapping[str, float]) -> float:
    """How far things moved between the two sides for no reason of their own, as a standard deviation.

    Parameters
    ----------
    name : str
        The configuration that is judged; it does not vouch for itself.
    differences : mapping of str to float
        Log-ratio of every configuration. What all have in common may be a true change of all, so only their
        spread around their median counts.
    references : mapping of str to float
        Log-ratio of every reference. These do the same work on both sides: all of their movement is drift.
    """
    others = np.array([value for key, value in differences.items() if key != name and np.isfinite(value)])
    moved = np.array([value for value in references.values() if np.isfinite(value)])
    spread = float(np.sqrt(np.mean((others - np.median(others)) ** 2))) if others.size > 1 else 0.0
    common = float(np.sqrt(np.mean(moved**2))) if moved.size else 0.0
    return sqrt(spread**2 + common**2)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Correct p-values for their number (Holm 1979): the chance of any false claim stays below the level."""
    corrected, worst = {}, 0.0
    for rank, (name, p_value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_value))
        corrected[name] = worst
    return {name: corrected[name] for name in p_values}


MOST_UNITS = 10_000


@lru_cache
def _half_widths(is_paired: bool) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of units, and the interval's half-width that each gives to a unit of standard deviation 1."""
    counts = np.arange(2 if is_paired else MIN_RUNS, MOST_UNITS + 1)
    degrees, sides = (counts - 1, 1) if is_paired else (2 * counts - 2, 2)
    return counts, stats.t.ppf(0.5 + CONFIDENCE / 2, degrees) * np.sqrt(sides / counts)


def units_needed(standard_deviation: float, difference: float, *, is_paired: bool) -> int:
    """How many units (runs a side, or pairs) make the 95 % interval's half-width no more than `difference`.

    Parameters
    ----------
    standard_deviation : float
        Of one unit, on the log scale.
    difference : float
        0.05 for 5 %.

    Returns
    -------
    int
        From 2 (3 for runs) to `MOST_UNITS`.
    """
    counts, half_widths = _half_widths(is_paired)
    enough = counts[half_widths * standard_deviation <= log(1 + difference)]
    return int(enough[0]) if enough.size else MOST_UNITS

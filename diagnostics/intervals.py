"""Pure statistics that `bench` and `reports` both need: estimates with 95 % intervals.

The values that go in are the units that vary independently: passes within a run, seeds of a study. Rounds of
one pass are not such units (they share the state of the machine), so they are summarised before they come
here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """An estimate between its bounds.

    `low` and `high` are NaN where one value alone says nothing about the spread.
    """

    estimate: float
    low: float
    high: float
    num_values: int

    def as_dict(self) -> dict[str, float | None]:
        """Return the four fields as a JSON-ready dictionary, NaN bounds as None."""
        return {key: None if np.isnan(value) else value for key, value in asdict(self).items()}


def _finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    return array[np.isfinite(array)]


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Interval:
    """Mean and Student's t interval of independent values.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        One value per independent unit (a pass, a seed). NaN and infinite values are left out.
    confidence : float, in (0, 1)

    Returns
    -------
    Interval
        Bounds are NaN below two values, equal to the mean where all values agree.
    """
    kept = _finite(values)
    if kept.size == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(kept.mean())
    if kept.size == 1:
        return Interval(mean, np.nan, np.nan, 1)
    half = float(stats.t.ppf(0.5 + confidence / 2, kept.size - 1) * stats.sem(kept))
    return Interval(mean, mean - half, mean + half, int(kept.size))


def geometric_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Interval:
    """Geometric mean and interval of positive values: the t interval taken on their logarithms.

    Durations and throughputs vary by factors, so their logarithms are the scale on which the t interval holds
    (Georges, Buytaert and Eeckhout, OOPSLA 2007). Values that are not positive
    are left out.
    """
    kept = _finite(values)
    inner = mean_interval(np.log(kept[kept > 0]), confidence)
    estimate, low, high = (float(np.exp(x)) for x in (inner.estimate, inner.low, inner.high))
    return Interval(estimate, low, high, inner.num_values)


def ratio_interval(
    numerator: Sequence[float] | np.ndarray,
    denominator: Sequence[float] | np.ndarray,
    confidence: float = 0.95,
) -> Interval:
    """Ratio of two quantities measured in the same passes, paired pass by pass.

    Parameters
    ----------
    numerator, denominator : sequence of float, shape (n,)
        Positive values; the i-th of both come from the same pass, so that drift between passes cancels.

    Returns
    -------
    Interval
        Geometric mean of the n ratios and its t interval on the log scale.

    Raises
    ------
    ValueError
        The two differ in length: they are not pairs.
    """
    top, bottom = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    if top.shape != bottom.shape:
        raise ValueError(f"pairs wanted: {top.size} values against {bottom.size}")
    with np.errstate(divide="ignore", invalid="ignore"):
        return geometric_interval(top / bottom, confidence)

import numpy as np
import pytest
from scipy import stats

from diagnostics.intervals import geometric_interval, mean_interval, ratio_interval

VALUES = [2.0, 4.0, 4.5, 7.0, 3.2]


def test_the_mean_interval_is_scipys_t_interval():
    interval = mean_interval(VALUES)
    low, high = stats.t.interval(0.95, len(VALUES) - 1, loc=np.mean(VALUES), scale=stats.sem(VALUES))
    assert (interval.estimate, interval.low, interval.high) == pytest.approx((np.mean(VALUES), low, high))
    assert interval.num_values == 5


def test_the_interval_of_two_values_is_the_one_in_every_table():
    interval = mean_interval([0.0, 2.0])  # t(0.975, 1) = 12.706, standard error 1
    assert (interval.low, interval.high) == pytest.approx((1 - 12.706, 1 + 12.706), abs=1e-3)


def test_more_confidence_is_wider():
    assert (
        mean_interval(VALUES, 0.99).high > mean_interval(VALUES, 0.95).high > mean_interval(VALUES, 0.5).high
    )


def test_the_geometric_interval_is_the_t_interval_of_logarithms():
    interval = geometric_interval(VALUES)
    logs = np.log(VALUES)
    bounds = np.exp(stats.t.interval(0.95, len(logs) - 1, loc=logs.mean(), scale=stats.sem(logs)))
    assert interval.estimate == pytest.approx(stats.gmean(VALUES))
    assert (interval.low, interval.high) == pytest.approx(tuple(bounds))


def test_values_that_are_not_positive_have_no_logarithm_and_are_left_out():
    assert geometric_interval([2.0, 8.0, 0.0, -3.0]).num_values == 2
    assert geometric_interval([2.0, 8.0, 0.0]).estimate == pytest.approx(4.0)


@pytest.mark.parametrize("take", [mean_interval, geometric_interval])
def test_one_value_is_an_estimate_without_bounds(take):
    interval = take([3.0])
    assert interval.estimate == pytest.approx(3.0)
    assert np.isnan([interval.low, interval.high]).all()
    assert interval.as_dict()["low"] is None


@pytest.mark.parametrize("take", [mean_interval, geometric_interval])
def test_no_value_is_no_estimate(take):
    assert take([]).as_dict() == {"estimate": None, "low": None, "high": None, "num_values": 0}


def test_nan_and_infinity_are_left_out():
    interval = mean_interval([1.0, np.nan, 3.0, np.inf])
    assert (interval.estimate, interval.num_values) == (2.0, 2)


def test_values_that_agree_leave_no_width():
    interval = geometric_interval([5.0, 5.0, 5.0])
    assert (interval.low, interval.high) == pytest.approx((5.0, 5.0))


def test_drift_that_both_sides_share_cancels_in_the_ratio():
    drift = np.array([1.0, 3.0, 10.0, 0.2])
    interval = ratio_interval(2 * drift, drift)
    assert (interval.estimate, interval.low, interval.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_pair_with_a_zero_or_nan_is_left_out():
    assert ratio_interval([2.0, 1.0, np.nan, 8.0], [1.0, 0.0, 1.0, 2.0]).num_values == 2


def test_values_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match="3 values against 2"):
        ratio_interval([1.0, 2.0, 3.0], [1.0, 2.0])


def test_the_interval_holds_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    trials, ratio = 2000, 1.3
    hits = 0
    for _ in range(trials):
        drift = rng.lognormal(sigma=0.25, size=8)
        ours = ratio_interval(ratio * drift * rng.lognormal(sigma=0.1, size=8), drift)
        hits += ours.low <= ratio <= ours.high
    assert hits / trials == pytest.approx(0.95, abs=0.015)  # three standard errors of 2,000 draws

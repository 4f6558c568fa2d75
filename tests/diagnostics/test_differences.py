import numpy as np
import pytest
from scipy import stats

from diagnostics.differences import (
    Difference,
    RunValues,
    drift_of_others,
    holm,
    is_interleaved,
    paired_difference,
    run_difference,
    units_needed,
)


def runs(*centers: float, passes: int = 1) -> list[RunValues]:
    return [RunValues((float(np.exp(center)),) * passes) for center in centers]


def test_runs_are_compared_as_welch_does() -> None:
    a, b = [0.1, 0.3, 0.2, 0.25], [0.5, 0.9, 0.4]
    welch = stats.ttest_ind(b, a, equal_var=False)
    own = run_difference(runs(*a), runs(*b))
    assert own.p_value == pytest.approx(welch.pvalue)
    assert own.bounds() == pytest.approx(tuple(welch.confidence_interval()))


def test_pairs_are_compared_as_a_one_sample_t_test_does() -> None:
    values = [0.01, 0.03, 0.02, 0.05]
    own = paired_difference(values)
    told = stats.ttest_1samp(values, 0.0)
    assert own.p_value == pytest.approx(told.pvalue)
    assert own.bounds() == pytest.approx(tuple(told.confidence_interval()))


def test_a_neighbours_visit_to_a_few_of_many_units_hardly_moves_the_difference() -> None:
    chance = np.random.default_rng(0)
    calm = chance.normal(0.05, 0.01, 20)
    disturbed = calm.copy()
    disturbed[[3, 11]] = (1.2, -0.6)
    own = paired_difference(disturbed)
    assert own.value == pytest.approx(paired_difference(calm).value, abs=0.003)
    assert own.p_value < 1e-6
    assert stats.ttest_1samp(disturbed, 0.0).pvalue > 0.05


@pytest.mark.parametrize("count", [12, 20])
def test_trimming_keeps_the_error_rate(count: int) -> None:
    chance = np.random.default_rng(2)
    claims = [paired_difference(chance.standard_t(3, count)).p_value < 0.05 for _ in range(400)]
    assert sum(claims) / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_runs_that_agree_by_chance_are_not_believed_beyond_their_passes() -> None:
    passes = (1.0, 1.2, 0.9, 1.1)
    a = [RunValues(passes)] * 3
    b = [RunValues(tuple(1.3 * value for value in passes))] * 3
    own = run_difference(a, b)
    within = np.log(passes).var(ddof=1) / 4
    assert own.value == pytest.approx(np.log(1.3))
    assert own.standard_error == pytest.approx(np.sqrt(2 * within / 3))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (runs(0.0, 0.0, 0.0), runs(0.3, 0.3, 0.3)),
        (runs(0.0), runs(0.3)),
        (runs(0.0), [RunValues((float("nan"),))]),
    ],
)
def test_without_any_spread_there_is_no_p_value_below_one(a: list[RunValues], b: list[RunValues]) -> None:
    own = run_difference(a, b)
    assert own.p_value == 1.0
    assert own.bounds() == (-np.inf, np.inf)


def test_values_that_are_no_durations_are_left_out() -> None:
    assert RunValues((1.0, float("nan"), 0.0, -1.0, float("inf"))).center == 0.0


def test_drift_widens_and_has_heavy_tails() -> None:
    narrow = Difference(0.3, 0.01, 50)
    wide = narrow.widened(0.2)
    assert wide.standard_error == pytest.approx(np.hypot(0.01, 0.2))
    assert 3 <= wide.degrees < 4
    assert narrow.widened(0.0) == narrow


def test_a_configuration_does_not_vouch_for_itself() -> None:
    differences = {"a": 0.9, "b": 0.01, "c": -0.01, "d": 0.0}
    assert drift_of_others("a", differences, {}) < 0.02
    assert drift_of_others("b", differences, {}) > 0.3


def test_what_all_configurations_share_is_no_drift_unless_the_references_share_it() -> None:
    differences = dict.fromkeys("abcd", 0.26)
    assert drift_of_others("a", differences, {"copy": 0.0}) == 0.0
    assert drift_of_others("a", differences, {"copy": 0.26}) == pytest.approx(0.26)


@pytest.mark.parametrize(
    ("a", "b", "answer"), [("13", "24", True), ("12", "34", False), ("34", "12", False), ("14", "23", True)]
)
def test_interleaved_runs_are_told_from_blocks(a: str, b: str, answer: bool) -> None:
    sides = ([RunValues((1.0,), hour) for hour in side] for side in (a, b))
    assert is_interleaved(*sides) is answer


def test_runs_of_unknown_time_are_not_taken_for_interleaved() -> None:
    assert not is_interleaved([RunValues((1.0,))], [RunValues((1.0,), "2026")])


def test_holm_on_an_example_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})


@pytest.mark.parametrize("is_paired", [True, False])
def test_the_number_of_units_needed_is_the_first_that_is_enough(is_paired: bool) -> None:
    needed = units_needed(0.1, 0.05, is_paired=is_paired)

    def half_width(count: int) -> float:
        degrees = count - 1 if is_paired else 2 * count - 2
        return stats.t.ppf(0.975, degrees) * 0.1 * np.sqrt((1 if is_paired else 2) / count)

    assert half_width(needed) <= np.log(1.05) < half_width(needed - 1)


def test_hopeless_noise_gives_the_largest_number() -> None:
    assert units_needed(1e9, 0.05, is_paired=True) == 10_000

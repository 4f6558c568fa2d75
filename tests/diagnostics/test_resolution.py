from math import inf, nan

import pytest

from diagnostics.comparisons import Comparison, Outcome
from diagnostics.resolution import resolvable, too_noisy


def told(low: float, high: float, verdict: Outcome = Outcome.UNSURE) -> Comparison:
    return Comparison("x", 1.0, low, high, verdict, "", nan)


def test_the_typical_half_width_is_what_can_be_resolved() -> None:
    found = [told(1 / 1.1, 1.1), told(1 / 1.3, 1.3), told(1 / 2, 2)]
    assert resolvable(found) == pytest.approx(0.3)
    sentence = too_noisy(found)
    assert sentence is not None
    assert sentence.startswith(
        "Too noisy, or too few runs, for 3 of 3 comparisons: as measured, only differences of about 30%"
    )


def test_settled_comparisons_and_narrow_ones_are_not_called_noisy() -> None:
    assert too_noisy([]) is None
    assert too_noisy([told(0.5, 2, Outcome.SLOWER)]) is None
    assert too_noisy([told(0.97, 1.03)]) is None


@pytest.mark.parametrize("bounds", [(0.0, inf), (nan, nan), (1e-300, 1e300)])
def test_what_nothing_bounds_is_said_without_a_number(bounds: tuple[float, float]) -> None:
    sentence = too_noisy([told(*bounds)], "processes")
    assert sentence is not None
    assert "nothing bounds the ratio; measure more processes" in sentence


def test_large_differences_are_told_as_factors() -> None:
    assert "a factor of 3" in str(too_noisy([told(1 / 3, 3)]))

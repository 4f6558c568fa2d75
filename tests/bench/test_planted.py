import pytest

from bench.planted import STEPS, WORK, PlantedCalls
from bench.trials import SHARES


@pytest.mark.parametrize("share", SHARES)
def test_a_planted_share_is_exactly_that_many_more_steps(share: float) -> None:
    assert PlantedCalls("python", share).num_steps == pytest.approx(STEPS * (1 + share))


@pytest.mark.parametrize("work", WORK)
def test_every_kind_of_work_can_be_timed(work: str) -> None:
    calls = PlantedCalls(work, 0.0)
    calls.warm_up()
    assert calls.measure(0.0, 1.0).rounds_seconds[0] > 0

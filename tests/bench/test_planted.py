import pytest

from bench.calibration import PEERS, SHARES, Row
from bench.planted import STEPS, WORK, PlantedCalls, PlantedDataset
from bench.workloads import TinyRows


@pytest.mark.parametrize("share", SHARES)
def test_a_planted_share_is_exactly_that_many_more_steps(share: float) -> None:
    assert PlantedCalls("python", share).num_steps == pytest.approx(STEPS * (1 + share))


@pytest.mark.parametrize("work", WORK)
def test_every_kind_of_work_can_be_timed(work: str) -> None:
    calls = PlantedCalls(work, 0.0)
    calls.warm_up()
    assert calls.measure(0.0, 1.0).rounds_seconds[0] > 0


class Counting(TinyRows):
    def __init__(self) -> None:
        super().__init__()
        self.loaded = 0

    def __getitem__(self, index: int):
        self.loaded += 1
        return super().__getitem__(index)


@pytest.mark.parametrize(("share", "loaded"), [(0.0, 100), (0.1, 110), (0.2, 120)])
def test_a_planted_dataset_loads_that_share_twice(share: float, loaded: int) -> None:
    inner = Counting()
    dataset = PlantedDataset(inner, share)
    samples = [dataset[index] for index in range(100)]
    assert (len(samples), inner.loaded) == (100, loaded)


def test_the_gates_of_others_compare_their_own_statistic() -> None:
    assert PEERS["pytest-benchmark's min:5%"]([1.0, 9.0], [1.06, 9.0])
    assert not PEERS["pytest-benchmark's min:5%"]([1.0, 9.0], [1.04, 99.0])
    assert PEERS["pytest-benchmark's mean:5%"]([1.0, 1.0], [1.0, 1.2])


def test_a_row_tells_claims_as_a_count_and_a_share() -> None:
    line = Row("alternated", "ab, 10 fresh processes", 0.05, 17, 20, 0.018, 3.5).as_line()
    assert all(part in line for part in ("5%", "17/20", "85%", "1.8%", "3.5"))

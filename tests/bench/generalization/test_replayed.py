"""Steps that are captured once and replayed: the same members, and nothing else computed."""

from typing import Any

import pytest
import torch

from bench.generalization.population import Population
from bench.generalization.replayed import Replayed
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data
from bench.generalization.twins import twin
from tests.bench.generalization.test_twins import BASE, METHODS, SEEDS
from tests.bench.tape import TapeCuda


@pytest.mark.parametrize("method", METHODS)
def test_members_whose_steps_are_replayed_equal_the_ordinary_loop(method: str) -> None:
    data, cuda = load_data("digits"), TapeCuda()
    setting = Setting(method, **(BASE | METHODS[method]))
    population = Population([setting], SEEDS, data)
    population.step = Replayed(population._step, cuda)
    while not population.is_over:
        population.train_epoch()
    outcome = population.outcome()
    for member, seed in enumerate(SEEDS):
        for quantity, value in twin(setting, seed, data).items():
            assert outcome[quantity][member] == pytest.approx(value, rel=2e-3, abs=2e-4), quantity
    assert [tape.num_replays for tape in cuda.tapes] == replays(setting, population.epoch)
    assert population.step.is_replay


def replays(setting: Setting, num_epochs: int) -> list[int]:
    """Return how often full and last batches come after the first of their size."""
    full, last = divmod(setting.num_train, setting.batch_size)
    counts = [full * num_epochs, num_epochs] if last > 1 else [(full - 1) * num_epochs, num_epochs]
    return [count - 1 for count in counts if count > 1]


def counted(work: Any) -> tuple[Replayed, TapeCuda]:
    cuda = TapeCuda()
    return Replayed(work, cuda), cuda


def test_a_capture_computes_nothing_and_each_shape_has_its_own() -> None:
    total = torch.zeros(())
    replayed, cuda = counted(lambda values: total.add_(values.sum()))
    for size in (3, 3, 5, 3, 5, 5):
        replayed(torch.ones(size))
    assert total == 24
    assert [tape.num_replays for tape in cuda.tapes] == [2, 2]


def test_what_no_graph_can_hold_is_done_as_it_is() -> None:
    total = torch.zeros(())

    def reads_on_the_host(values: torch.Tensor) -> None:
        total.add_(1 if values.sum().item() > 0 else -1)

    replayed, cuda = counted(reads_on_the_host)
    for sign in (1.0, 1.0, -1.0, 1.0):
        replayed(torch.full((4,), sign))
    assert total == 2
    assert not replayed.is_replay
    assert len(cuda.tapes) == 1

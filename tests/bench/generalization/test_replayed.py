"""Steps that are captured once and replayed: the same members, and nothing else computed."""

import gc
import weakref

import pytest
import torch

from bench.generalization.population import Population
from bench.generalization.replayed import Replays
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
    population.replays = Replays(cuda)
    while not population.is_over:
        population.train_epoch()
    outcome = population.outcome()
    for member, seed in enumerate(SEEDS):
        for quantity, value in twin(setting, seed, data).items():
            assert outcome[quantity][member] == pytest.approx(value, rel=2e-3, abs=2e-4, nan_ok=True), (
                quantity
            )
    assert [tape.num_replays for tape in cuda.tapes] == replays(setting, population.epoch)
    assert population.replay_problem == ""


def replays(setting: Setting, num_epochs: int) -> list[int]:
    """Return how often full and last batches come after the first of their size."""
    full, last = divmod(setting.num_train, setting.batch_size)
    counts = [full * num_epochs, num_epochs] if last > 1 else [(full - 1) * num_epochs, num_epochs]
    return [count - 1 for count in counts if count > 1]


def test_a_capture_computes_nothing_and_each_shape_has_its_own() -> None:
    total, cuda = torch.zeros(()), TapeCuda()
    replays = Replays(cuda)
    for size in (3, 3, 5, 3, 5, 5):
        replays.run(lambda values: total.add_(values.sum()), torch.ones(size))
    assert total == 24
    assert [tape.num_replays for tape in cuda.tapes] == [2, 2]


@pytest.mark.parametrize("fails", [False, True])
def test_cublas_keeps_no_workspace_from_before_a_capture_nor_from_it(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    told: list[str] = []

    def launches(values: torch.Tensor) -> None:
        told.append("launch")
        if fails and told == ["launch", "clear", "launch"]:
            raise RuntimeError("no graph can hold it")

    monkeypatch.setattr(torch._C, "_cuda_clearCublasWorkspaces", lambda: told.append("clear"), raising=False)
    monkeypatch.setattr("bench.graphs._end_failed_capture", lambda *arguments: None)
    replays = Replays(TapeCuda())
    for _ in range(2):
        replays.run(launches, torch.ones(2))
    assert told[:4] == ["launch", "clear", "launch", "clear"]


def test_what_no_graph_can_hold_is_done_as_it_is_and_the_reason_is_kept() -> None:
    total, cuda = torch.zeros(()), TapeCuda()
    replays = Replays(cuda)

    def reads_on_the_host(values: torch.Tensor) -> None:
        total.add_(1 if values.sum().item() > 0 else -1)

    for sign in (1.0, 1.0, -1.0, 1.0):
        replays.run(reads_on_the_host, torch.full((4,), sign))
    assert total == 2
    assert replays.problem == "operation not permitted when stream is capturing"
    assert [tape.is_whole for tape in cuda.tapes] == [False, True]  # the second ends what the first left


def test_no_older_graph_is_destroyed_during_a_capture() -> None:
    seen: list[bool] = []
    replays = Replays(TapeCuda())
    for _ in range(2):
        replays.run(lambda values: seen.append(gc.isenabled()), torch.ones(1))
    assert seen == [True, False]
    assert gc.isenabled()


def test_a_population_ends_with_its_last_reference() -> None:
    """Its graphs hold memory of the GPU, and end any capture in whose midst they are destroyed."""
    population = Population([Setting("plain", **BASE)], SEEDS, load_data("digits"))
    population.replays = Replays(TapeCuda())
    population.train_epoch()
    reference = weakref.ref(population)
    gc.disable()
    try:
        del population
        assert reference() is None
    finally:
        gc.enable()

"""Every member equals the ordinary loop of its setting and seed."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bench.generalization.population import Population
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data
from bench.generalization.training import Training, train
from bench.generalization.twins import twin

SEEDS = (3, 8)
BASE = {"widths": (16, 12), "num_train": 97, "epochs": 3, "learning_rate": 3e-3}
METHODS = {
    "plain": {},
    "linear": {"network": "linear"},
    "adam": {"optimizer": "adam"},
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05},
    "l2 under sgd": {"optimizer": "sgd", "learning_rate": 0.05, "l2": 0.02},
    "l2 under adam": {"optimizer": "adam", "l2": 0.05},
    "decoupled decay": {"weight_decay": 3.0},
    "decoupled decay under sgd": {"optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 0.3},
    "l1 proximal": {"l1": 0.5},
    "l1 subgradient": {"l1": 0.01, "l1_kind": "subgradient"},
    "dropout": {"dropout": 0.4},
    "batch norm": {"norm": "batch"},
    "layer norm": {"norm": "layer"},
    "batch norm and dropout": {"norm": "batch", "dropout": 0.2},
    "early stopping": {"patience": 2, "learning_rate": 0.05, "epochs": 8, "label_noise": 0.3},
    "label noise": {"label_noise": 0.4},
    "less data": {"num_train": 33},
    "bad scales": {"input_scale": "badly_scaled"},
    "outliers": {"input_scale": "outliers"},
    "permuted": {"permuted_pixels": True},
    "cnn": {"network": "cnn", "widths": (4, 6)},
    "cnn, batch norm": {"network": "cnn", "widths": (4, 6), "norm": "batch"},
    "cnn, all at once": {
        "network": "cnn",
        "widths": (4, 6),
        "norm": "batch",
        "dropout": 0.2,
        "weight_decay": 2.0,
        "l1": 0.05,
        "patience": 1,
        "label_noise": 0.3,
        "epochs": 6,
    },
    "cnn, layer norm, dropout": {"network": "cnn", "widths": (4, 6), "norm": "layer", "dropout": 0.3},
}


@pytest.mark.parametrize("method", METHODS)
def test_a_member_equals_the_ordinary_loop(method: str) -> None:
    data = load_data("digits")
    setting = Setting(method, **(BASE | METHODS[method]))
    beside = Setting("beside", **(BASE | METHODS[method] | {"weight_decay": 0.5, "l2": 0.0}))
    frame = train([setting, beside], SEEDS, data)
    for seed in SEEDS:
        row = frame[(frame["setting"] == method) & (frame["seed"] == seed)].iloc[0]
        for quantity, value in twin(setting, seed, data).items():
            assert float(row[quantity]) == pytest.approx(value, rel=2e-3, abs=2e-4, nan_ok=True), quantity


@pytest.mark.cuda
@pytest.mark.parametrize("method", METHODS)
def test_on_a_gpu_a_member_equals_the_ordinary_loop_on_the_cpu(method: str) -> None:
    """In double precision: in single, other kernels round otherwise, and training multiplies rounding."""
    data = load_data("digits")
    setting = Setting(method, **(BASE | METHODS[method]))
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        frame = train([setting], SEEDS, data, "cuda")
        twins = {seed: twin(setting, seed, data) for seed in SEEDS}
    finally:
        torch.set_default_dtype(before)
    for seed, outcome in twins.items():
        row = frame[frame["seed"] == seed].iloc[0]
        for quantity, value in outcome.items():
            assert float(row[quantity]) == pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True), quantity


def test_two_kinds_of_weight_decay_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        Setting("both", l2=0.1, weight_decay=0.1)


def test_members_with_and_without_dropout_share_a_population() -> None:
    data = load_data("breast_cancer")
    settings = [Setting(f"{rate}", dropout=rate, **BASE) for rate in (0.0, 0.2, 0.5)]
    frame = train(settings, SEEDS, data)
    for setting in settings:
        expected = twin(setting, 8, data)
        row = frame[(frame["setting"] == setting.name) & (frame["seed"] == 8)].iloc[0]
        assert row["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-3)


def test_a_member_that_diverges_is_told_and_harms_no_other() -> None:
    data = load_data("digits")
    calm, wild = (
        Setting("calm", l2=0.0, optimizer="sgd", **BASE),
        Setting("wild", l2=1e9, optimizer="sgd", **BASE),
    )
    frame = train([calm, wild], SEEDS, data).set_index("setting")
    assert frame.loc["wild", "diverged"].all()
    assert not frame.loc["calm", "diverged"].any()
    assert frame.loc["calm", "train_loss"].iloc[0] == pytest.approx(
        twin(calm, SEEDS[0], data)["train_loss"], rel=1e-3
    )


def test_running_statistics_are_the_twins() -> None:
    from bench.generalization.networks import batch_order, network

    data, setting = load_data("digits"), Setting("bn", norm="batch", **BASE)
    population = Population([setting], SEEDS, data)
    population.train_epoch()
    model = network(setting, SEEDS[1], data.image_shape, 64, 10).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=setting.learning_rate, weight_decay=0)
    x, y = population.x["train"][1], population.y["train"][1]
    for batch in batch_order(SEEDS[1], 0, 97, setting.batch_size):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
    for name in ("1.running_mean", "1.running_var"):
        torch.testing.assert_close(
            population.stacked.values[name][1], model.state_dict()[name], rtol=1e-3, atol=1e-4
        )


class Asked(TorchDispatchMode):
    """Takes down what makes the host wait for a GPU: how many members a mask chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        indices = args[1] if str(func).startswith("aten.index") else ()
        chosen = [one for one in indices if isinstance(one, torch.Tensor) and one.dtype is torch.bool]
        if chosen or func is torch.ops.aten.nonzero.default:
            self.masks.append(str(func))
        return func(*args, **(kwargs or {}))


def test_a_look_at_the_best_epochs_asks_no_device_which_members_they_are() -> None:
    patient = Setting("patient", **(BASE | METHODS["early stopping"]))
    population = Population([patient, replace(patient, patience=None)], SEEDS, load_data("digits"))
    for _ in range(4):
        population.train_epoch()
    before = population.stacked.snapshot()
    with Asked() as asked:
        population.outcome()
    assert asked.masks == []
    assert all(torch.equal(value, before[name]) for name, value in population.stacked.values.items())


@pytest.mark.cuda
def test_on_a_gpu_steps_are_replayed_and_two_runs_give_the_same_numbers() -> None:
    data = load_data("digits")
    settings = [Setting(method, **(BASE | METHODS[method])) for method in METHODS]
    frames = []
    for _ in range(2):
        training = Training(settings, SEEDS, data, "cuda")
        assert len(list(training.epochs())) > 0
        assert training.replay_problem == ""
        frames.append(training.frame())
    pd.testing.assert_frame_equal(*frames, check_exact=True)

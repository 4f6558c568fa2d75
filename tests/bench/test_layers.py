from functools import partial
from math import prod

import pytest
import torch
from torch import nn

from bench import layers
from bench.configuration import Options
from bench.layers import SHAPES, layer_cost, layer_grid, saved_bytes, small_cnn, step_cost


def test_a_gpus_shapes_are_larger_than_its_cache_and_smaller_ones_get_no_share_of_its_roof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layers, "flush_bytes", lambda device: 60_000_000)
    for profile in ("smoke", "quick", "full"):
        rows = layer_grid(Options(profile=profile, devices=("cpu", "cuda")))
        shapes = {row["shape"] for row in rows if row["device"] == "cuda"}
        assert any(layers.is_beyond_cache(4 * prod(layers.dimensions(one)), "cuda") for one in shapes)
        assert ("conv-16x64x56x56" in shapes) == (profile == "full")
    assert not layers.is_beyond_cache(4 * prod(layers.dimensions("conv-16x64x56x56")), "cuda")
    assert layers.is_beyond_cache(1, "cpu")


def test_saved_bytes_of_a_product_are_its_two_factors() -> None:
    a, b = torch.rand(10, 20, requires_grad=True), torch.rand(20, 30, requires_grad=True)
    assert saved_bytes(lambda: a @ b) == 4 * (200 + 600)


def test_a_tensor_saved_twice_counts_once() -> None:
    a = torch.rand(1000, requires_grad=True)
    assert saved_bytes(lambda: a * a) == 4000


def test_nothing_is_saved_without_gradients() -> None:
    assert saved_bytes(lambda: torch.rand(5) * 2) == 0


def test_batch_norm_keeps_its_input_and_two_numbers_a_channel() -> None:
    x = torch.rand(8, 4, 5, 5, requires_grad=True)
    kept = saved_bytes(partial(nn.BatchNorm2d(4, affine=False), x))
    assert x.nbytes <= kept <= x.nbytes + 8 * 4 * 4


def test_the_fraction_of_the_roof_is_one_for_a_layer_that_copies() -> None:
    class Copy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

    cost = layer_cost(Copy(), "cpu", "tokens-4096x256", "eval", "forward", sweeps=2)
    cost.warm_up()
    fractions = [cost.measure(0.1, 1.0).figures["roof_fraction"] for _ in range(5)]
    assert 0.1 < sorted(fractions)[2] < 3


def test_the_roof_counts_the_sweeps() -> None:
    cost = layer_cost(nn.Identity(), "cpu", "tokens-4096x256", "eval", "forward", sweeps=3)
    figures = cost.figures({"call": 4.0, "copy": 2.0})
    assert figures["roof_fraction"] == pytest.approx(0.75)
    assert figures["moved_bytes"] == 3 * 4096 * 256 * 4


def test_evaluation_does_not_touch_the_running_statistics() -> None:
    layer = nn.BatchNorm1d(256)
    cost = layer_cost(layer, "cpu", "tokens-4096x256", "eval", "forward_backward", sweeps=5)
    cost.measure(0.0, 1.0)
    assert layer.num_batches_tracked == 0


def test_training_with_backward_saves_activations_and_forward_alone_none() -> None:
    kept = {
        direction: layer_cost(nn.Dropout(0.5), "cpu", "tokens-4096x256", "train", direction, 2)
        .measure(0.0, 1.0)
        .figures["saved_activation_bytes"]
        for direction in ("forward", "forward_backward")
    }
    assert kept["forward"] == 0
    assert kept["forward_backward"] >= 4096 * 256


def test_the_small_cnn_has_the_layer_after_each_convolution_or_not_at_all() -> None:
    with_layer, without = small_cnn(nn.BatchNorm2d), small_cnn(lambda channels: None)
    assert sum(isinstance(module, nn.BatchNorm2d) for module in with_layer) == 3
    assert len(with_layer) - len(without) == 3
    assert with_layer(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_a_step_trains_both_models_and_gives_the_share() -> None:
    cost = step_cost(nn.BatchNorm2d, "cpu")
    assert cost.figures({"call": 4.0, "without": 3.0}) == {"share_of_step": pytest.approx(0.25)}
    result = cost.measure(0.0, 1.0)
    assert set(result.companions) == {"without"}
    assert len(result.companions["without"]) == len(result.rounds_seconds)


def test_the_full_profile_has_every_shape() -> None:
    rows = layer_grid(Options(profile="full", devices=("cpu",)))
    assert {row["shape"] for row in rows} == set(SHAPES)
    assert len(rows) == 4 * len(SHAPES)

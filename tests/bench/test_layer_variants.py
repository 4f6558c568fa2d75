from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from bench import layer_variants
from bench.clocks import Rotation
from bench.configuration import Options
from bench.layer_variants import batchnorm_grid, dropout_grid, layer_variant, require_compiler, step_grid
from bench.layers import no_layer
from bench.residual_network import residual_network


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(layer_variants.STEP_IMAGES, "cpu", (2, 3, 32, 32))


def variant(name: str, shape: str = "conv-16x64x56x56") -> Any:
    return layer_variant(nn.BatchNorm2d(64), "cpu", shape, name, 8)


def first(call: Any) -> Any:
    assert isinstance(call, Rotation)
    return call.calls[0]


def test_the_quick_profile_has_no_variant_on_the_cpu_and_all_of_them_on_a_gpu() -> None:
    quick = Options(devices=("cpu", "cuda"))
    for grid in (batchnorm_grid, dropout_grid, step_grid):
        assert {row["device"] for row in grid(quick)} == {"cuda"}
        full = grid(Options(profile="full", devices=("cpu", "cuda")))
        assert {row["device"] for row in full} == {"cpu", "cuda"}
    assert not [row for row in dropout_grid(quick) if row["variant"] == "folded"]


def test_the_folded_convolution_gives_what_the_convolution_and_batch_norm_gave() -> None:
    layer = nn.BatchNorm2d(64)
    layer.running_mean = torch.randn(64)
    layer.running_var = torch.rand(64) + 0.5
    cost = layer_variant(layer, "cpu", "conv-16x64x56x56", "folded", 8)
    folded, eager = first(cost.calls["call"])(), first(cost.calls["eager"])()
    torch.testing.assert_close(folded, eager, rtol=1e-3, atol=1e-4)
    assert "roof_fraction" not in cost.figures({"call": 1.0, "eager": 2.0, "copy": 1.0})


def test_channels_last_gives_the_eager_layers_gradients_in_its_own_layout() -> None:
    cost = variant("channels_last")
    gradient = first(cost.calls["call"])()[0]
    assert gradient.is_contiguous(memory_format=torch.channels_last)
    assert first(cost.calls["eager"])()[0].is_contiguous()


def test_bf16_moves_half_the_bytes_and_its_roof_counts_them() -> None:
    cost = variant("bf16")
    assert first(cost.calls["call"])()[0].dtype == torch.bfloat16
    seconds = {"call": 1.0, "eager": 2.0, "copy": 0.25}
    assert cost.figures(seconds)["roof_fraction"] == pytest.approx(8 / 2 * 0.25 / 2)
    assert cost.figures(seconds)["speedup_over_eager"] == 2.0


def test_what_needs_a_compiler_is_skipped_with_its_reason_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(function: Any) -> Any:
        raise RuntimeError("no compiler: cl is not on PATH\nand more")

    layer_variants._why_not_compiled.cache_clear()
    monkeypatch.setattr(torch, "compile", broken)
    require_compiler("channels_last", "cpu")
    with pytest.raises(pytest.skip.Exception, match=r"does not work here: RuntimeError: no compiler.*PATH$"):
        require_compiler("fused", "cpu")
    layer_variants._why_not_compiled.cache_clear()


@pytest.mark.filterwarnings("ignore:Guards may run slower on Python 3.13.0")
def test_every_module_is_compiled_for_its_own_shape_however_many_were_compiled_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    varying: list[bool] = []

    def backend(graph: Any, examples: list[Any]) -> Any:
        sizes = [size for one in examples if isinstance(one, torch.Tensor) for size in one.shape]
        varying.append(any(isinstance(size, torch.SymInt) for size in (*sizes, *examples)))
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    for side in range(2, 13):
        layer_variants.compiled(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()))(torch.rand(side, 3, side, side))
    assert varying == [False] * 11


def test_the_residual_network_has_the_layer_after_each_of_its_20_convolutions_or_nowhere() -> None:
    def count(network: nn.Module, kind: type[nn.Module]) -> int:
        return sum(isinstance(module, kind) for module in network.modules())

    network = residual_network(nn.BatchNorm2d)
    assert (count(network, nn.Conv2d), count(network, nn.BatchNorm2d)) == (20, 20)
    assert count(residual_network(no_layer), nn.BatchNorm2d) == 0
    assert network(torch.rand(2, 3, 64, 64)).shape == (2, 10)
    parameters = sum(parameter.numel() for parameter in residual_network(nn.BatchNorm2d, 1000).parameters())
    assert parameters == 11_689_512  # torchvision's resnet18


@pytest.mark.parametrize("name", ["eager", "channels_last", "bf16"])
def test_a_step_of_the_residual_network_trains(name: str) -> None:
    cost = layer_variants.step_variant(nn.BatchNorm2d, "cpu", name)
    cost.calls["call"]()
    model = cost.calls["call"].args[0]
    before = [parameter.clone() for parameter in model.parameters()]
    cost.calls["call"]()
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.cuda
@pytest.mark.filterwarnings("default")  # torch.compile's own would count as a compiler that does not work
@pytest.mark.parametrize("name", layer_variants.VARIANTS)
def test_on_a_gpu_every_variant_of_batch_norm_is_measured(name: str) -> None:
    cost = layer_variant(nn.BatchNorm2d(64), "cuda", "conv-16x64x56x56", name, 8)
    cost.warm_up()
    result = cost.measure(0.05, 1.0)
    assert result.figures["is_cold"] == 1
    assert 0 < result.figures["speedup_over_eager"] < 100
    assert result.figures.get("roof_fraction", 0.5) < 1.5

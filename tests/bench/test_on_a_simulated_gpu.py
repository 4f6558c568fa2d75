"""Every CUDA configuration of the quick profile, once, on a GPU that has time and shapes and no numbers."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from bench import (
    bench_batchnorm,
    bench_dropout,
    bench_loader_device,
    bench_transfers,
    clocks,
    device_epochs,
    layer_variants,
    layers,
    loader_epochs,
)
from bench.configuration import Options, PassResult
from bench.generalization.networks import batch_order
from bench.generalization.sources import load_data
from bench.generalization.studies import settings
from bench.generalization.training import Training
from bench.start_methods import IN_PROCESS
from tests.bench.fake_cuda import LAUNCH_SECONDS, FakeCuda
from tests.bench.simulated_gpu import BYTES_PER_SECOND, LINK_BYTES_PER_SECOND, simulated

QUICK = Options(devices=("cuda",))
MOST_ROOF = 1.61  # batch norm in training moves 8 times its input, of which an operation here counts 5
BATCH_SIZE = 4
ALIKE = {  # rows that take the way of others here
    "bench_batchnorm_shapes": slice(5, 7),
    "bench_dropout_shapes": slice(5, 7),
    "bench_dropout_resnet_step": slice(1),
}
LAYERS = [
    pytest.param(function, row, id="-".join([name, *map(str, row.values())]))
    for module in (bench_batchnorm, bench_dropout)
    for name, function in vars(module).items()
    if name.startswith("bench_")
    for row in function.grid(QUICK)[ALIKE.get(name, slice(None))]
]
NAMES = (
    "Event", "Stream", "CUDAGraph", "current_stream", "stream", "graph", "synchronize", "_sleep", "device",
    "get_device_properties", "get_sync_debug_mode", "set_sync_debug_mode", "get_rng_state",
    "graph_pool_handle",
)  # fmt: skip


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCuda]:
    fake = FakeCuda(l2_bytes=50 * 2**20)
    for name in NAMES:
        monkeypatch.setattr(torch.cuda, name, getattr(fake, name))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name in ("ISSUED_LOOKS", "ISSUED_LAUNCHES", "SETTLE_LAUNCHES", "SETTLED_NUM"):
        monkeypatch.setattr(clocks, name, 1)
    for module in (clocks, device_epochs, loader_epochs):
        monkeypatch.setattr(module, "perf_counter", fake.perf_counter)
    monkeypatch.setattr(torch, "compile", lambda module, **arguments: module)
    real = torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda kind, dtype, **how: real("cpu", dtype, **how))
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)
    monkeypatch.setattr(bench_loader_device, "BATCH_SIZE", BATCH_SIZE)
    for module in (layers, layer_variants):
        monkeypatch.setattr(module, "random_inputs", inputs)
    for optimizer in ("adam", "sgd"):  # there is no fused step on `meta`
        fused = f"_fused_{optimizer}_"
        monkeypatch.setattr(torch, fused, lambda *_, **__: fake.issue(LAUNCH_SECONDS, LAUNCH_SECONDS))
        module = sys.modules[f"torch.optim.{optimizer}"]
        monkeypatch.setattr(module, "_device_dtype_check_for_fused", lambda parameter: None)
    for name in ("_cuda_graph_capture_health_check", "_accelerator_graph_capture_health_check"):
        monkeypatch.setattr(torch.optim.Optimizer, name, is_capturable(fake), raising=False)
    bench_transfers.link_copies.cache_clear()
    layer_variants._why_not_compiled.cache_clear()
    with simulated(fake):
        yield fake
    bench_transfers.link_copies.cache_clear()
    layer_variants._why_not_compiled.cache_clear()


def is_capturable(cuda: FakeCuda) -> Any:
    """Return what stands for torch's own check, which asks the driver: is Adam made for captures?"""

    def check(optimizer: torch.optim.Optimizer) -> None:
        if cuda.captured is not None and not all(group["capturable"] for group in optimizer.param_groups):
            raise RuntimeError("param_groups' capturable is False")

    return check


def inputs(shape: str, device: str, seed: int = 0) -> list[torch.Tensor]:
    """Inputs as `random_inputs` has them, without the time of drawing numbers."""
    return [torch.empty(layers.dimensions(shape), device=device) for _ in range(layers.NUM_INPUTS)]


def measured(configuration: Any, seconds: float = 0.0) -> PassResult:
    configuration.warm_up()
    with contextlib.closing(configuration):
        return configuration.measure(seconds, 1.0)


@pytest.mark.parametrize(("function", "row"), LAYERS)
def test_every_layer_is_measured_on_the_device_and_below_its_roof(
    cuda: FakeCuda, function: Any, row: dict[str, Any]
) -> None:
    result = measured(function(**row))
    assert min(result.rounds_seconds) >= 0
    assert 0 <= result.figures.get("roof_fraction", 0) <= MOST_ROOF
    assert result.figures.get("share_of_step", 0.5) > 0
    if "copy_bytes_per_second" in result.figures:
        assert result.figures["copy_bytes_per_second"] == pytest.approx(BYTES_PER_SECOND, rel=0.01)
    assert cuda.sync_mode == 0


@pytest.mark.parametrize("row", bench_transfers.grid(QUICK), ids=lambda row: "-".join(map(str, row.values())))
def test_every_transfer_is_measured_against_the_link(cuda: FakeCuda, row: dict[str, Any]) -> None:
    figures = measured(bench_transfers.bench_transfers(**row)).figures
    assert figures["link_bytes_per_second"] == pytest.approx(LINK_BYTES_PER_SECOND, rel=0.01)
    assert 0 < figures["link_fraction"] <= 1.01
    assert (figures["link_fraction"] > 0.95) == (row["size_bytes"] >= 2**20)


def test_a_tensor_that_was_left_on_the_cpu_is_refused(cuda: FakeCuda) -> None:
    with pytest.raises(RuntimeError, match=r"device|meta"):
        nn.BatchNorm1d(8)(torch.rand(4, 8, device="cuda"))


def exposed(transfer: str, step_seconds: float) -> dict[str, float]:
    epochs = bench_loader_device.bench_loader_device("copy", "cuda", transfer, step_seconds, IN_PROCESS, 0)
    return measured(epochs, seconds=0.5 if step_seconds else 0.05).figures


@pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true")
@pytest.mark.parametrize("transfer", ["pageable", "pinned non_blocking", "pinned prefetched"])
def test_a_step_hides_the_copies_that_run_beside_it_and_no_others(cuda: FakeCuda, transfer: str) -> None:
    alone, beside = exposed(transfer, 0.0), exposed(transfer, 0.02)
    assert beside["step_seconds"] == pytest.approx(0.02, rel=0.01)
    copying = alone["exposed_seconds_per_batch"]
    assert copying == pytest.approx(BATCH_SIZE * alone["sample_bytes"] / LINK_BYTES_PER_SECOND, rel=0.05)
    bare = 0.0 if transfer == "pinned prefetched" else copying  # but for the first, which nothing can hide
    assert beside["exposed_seconds_per_batch"] == pytest.approx(bare, abs=0.06 * copying)


def test_populations_train_beside_each_other_and_nobody_waits(cuda: FakeCuda) -> None:
    training = Training(settings(is_full=False), range(2), load_data("digits"), "cuda")
    assert len({id(one.stream) for one in training.populations}) == len(training.populations) > 1
    shapes = [
        {len(batch) for batch in batch_order(0, 0, one.num_train, one.setting.batch_size)}
        for one in training.populations
    ]
    for _ in range(2):
        for population in training.populations:
            population.train_epoch()
    assert cuda.num_captures == sum(map(len, shapes))
    cuda.log.clear()
    before = cuda.now
    for population in training.populations:
        population.train_epoch()
    num_steps = sum(-(-one.num_train // one.setting.batch_size) for one in training.populations)
    assert cuda.log == ["replay"] * num_steps
    assert training.replay_problem == ""
    assert cuda.now - before < 6 * LAUNCH_SECONDS * num_steps  # the steps have some 50 launches

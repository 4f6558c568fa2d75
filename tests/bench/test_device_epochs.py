import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from bench import bench_loader_device as loader_device
from bench import device_epochs
from bench.configuration import Options
from bench.device_epochs import (
    IN_FLIGHT,
    TRANSFERS,
    DeviceEpochs,
    KnownWork,
    Mover,
    exposed_seconds,
    host_figures,
    require_transfer,
    wait_for_room,
)
from tests.bench.fake_cuda import FakeCuda

HERE = torch.device("cpu")


class Streams:
    """Streams that write down what they are told, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.current = self._stream("compute")

    def _stream(self, name: str) -> Any:
        return SimpleNamespace(
            name=name, wait_stream=lambda other: self.log.append(f"{name} waits for {other.name}")
        )

    def Stream(self, device: Any) -> Any:  # noqa: N802 - torch's name
        return self._stream("copies")

    def current_stream(self, device: Any) -> Any:
        return self.current

    @contextlib.contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.current = self.current, stream
        yield
        self.current = before


class HostTensor(torch.Tensor):
    """A tensor that tells on which stream it was copied, and how."""

    streams: Streams

    def to(self, device: Any, non_blocking: bool = False) -> Any:
        kind = "non_blocking" if non_blocking else "blocking"
        self.streams.log.append(f"{kind} copy on {self.streams.current.name}")
        return SimpleNamespace(
            record_stream=lambda stream: self.streams.log.append(f"memory kept for {stream.name}")
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pageable", ["blocking copy on compute"]),
        ("pinned", ["blocking copy on compute"]),
        ("pinned non_blocking", ["non_blocking copy on compute"]),
        (
            "pinned prefetched",
            ["non_blocking copy on copies", "compute waits for copies", "memory kept for compute"],
        ),
    ],
)
def test_each_way_copies_on_its_stream_and_the_step_waits_for_it(name: str, expected: list[str]) -> None:
    streams = Streams()
    tensor = torch.zeros(3).as_subclass(HostTensor)
    tensor.streams = streams
    Mover(TRANSFERS[name], HERE, streams).move({"x": [tensor]})
    assert streams.log == expected


@pytest.mark.parametrize(
    ("per_batch", "step", "exposed"), [(0.025, 0.02, 0.005), (0.0199, 0.02, 0.0), (0.01, 0.0, 0.01)]
)
def test_only_what_the_step_cannot_hide_is_exposed(per_batch: float, step: float, exposed: float) -> None:
    assert exposed_seconds(per_batch, step) == pytest.approx(exposed)


@pytest.mark.parametrize(("step", "per_batch"), [(1.0, 1.0), (0.0, 13 / 4)])
def test_what_is_waited_for_once_an_epoch_is_not_exposed_in_each_step(step: float, per_batch: float) -> None:
    """Two batches come after 10 s, then one a second."""
    epochs = DeviceEpochs.__new__(DeviceEpochs)
    epochs.work, epochs.num_workers = SimpleNamespace(wanted=step), 2  # type: ignore[assignment]
    assert epochs._pace(0.0, [10.0, 11.0, 12.0, 13.0]) == pytest.approx(per_batch)


def test_the_host_is_never_more_than_two_steps_ahead() -> None:
    cuda = FakeCuda()
    events = [cuda.Event(enable_timing=True)]
    events[0].record(None)
    for _ in range(20):
        wait_for_room(events)
        assert sum(event.at > cuda.now for event in events) < IN_FLIGHT
        cuda.issue(0.001, 0.02)
        events.append(cuda.Event(enable_timing=True))
        events[-1].record(None)
    assert cuda.now == pytest.approx(18 * 0.02, rel=0.1)


@pytest.mark.parametrize("product", [1e-4, 7e-3])
def test_known_work_takes_the_length_that_was_asked_for(
    product: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = FakeCuda()
    monkeypatch.setattr(device_epochs.torch, "mm", lambda a, b, out: cuda.issue(1e-6, product))
    work = KnownWork(0.02, HERE, cuda)
    work.calibrate()
    assert work.seconds == pytest.approx(0.02, abs=product)
    assert work.num_products == round(0.02 / product)


def test_no_step_is_no_work() -> None:
    work = KnownWork(0.0, HERE, FakeCuda())
    work.calibrate()
    work.time()
    assert (work.num_products, work.seconds) == (0, 0.0)


def test_the_pin_thread_is_what_the_process_used_beside_its_main_thread() -> None:
    figures = host_figures((1.0, 2.0), (1.5, 3.0), [0.001, 0.002, 0.003, 0.002, 0.002])
    assert figures["main_thread_cpu_seconds_per_batch"] == pytest.approx(0.1)
    assert figures["other_threads_cpu_seconds_per_batch"] == pytest.approx(0.1)
    assert figures["issue_p50_seconds"] == pytest.approx(0.002)


def test_pin_memory_device_is_skipped_where_torch_ignores_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DataLoader, "__doc__", "pin_memory_device (str, optional): Deprecated, the current …")
    require_transfer("pinned prefetched")
    with pytest.raises(pytest.skip.Exception, match="ignores pin_memory_device"):
        require_transfer("pin_memory_device")
    monkeypatch.setattr(DataLoader, "__doc__", "pin_memory_device (str, optional): the device to pin for")
    require_transfer("pin_memory_device")


def test_the_grid_is_for_gpus_alone() -> None:
    assert loader_device.grid(Options(profile="full", devices=("cpu",))) == []
    rows = loader_device.grid(Options(devices=("cpu", "cuda")))
    assert {row["device"] for row in rows} == {"cuda"}
    assert {row["transfer"] for row in rows} == set(TRANSFERS)
    assert {row["step_seconds"] for row in rows} == {0.0, loader_device.STEP_SECONDS}


@pytest.mark.cuda
def test_on_a_gpu_prefetched_copies_hide_behind_the_step_better_than_pageable_ones() -> None:
    exposed = {}
    for transfer in ("pageable", "pinned prefetched"):
        epochs = loader_device.bench_loader_device("copy", "cuda", transfer, 0.05, "in-process", 0)
        epochs.warm_up()
        figures = epochs.measure(1.0, 1.0).figures
        assert figures["step_seconds"] == pytest.approx(0.05, rel=0.2)
        exposed[transfer] = figures["exposed_seconds_per_batch"]
        epochs.close()
    assert exposed["pinned prefetched"] <= exposed["pageable"]

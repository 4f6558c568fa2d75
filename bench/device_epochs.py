"""Epochs of a DataLoader read to a GPU, beside a step of known length: only what it cannot hide counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from bench.clocks import Timeline, elapsed_seconds
from bench.configuration import PassResult
from bench.loader_epochs import LoaderEpochs
from bench.user_data import tensors_in

IN_FLIGHT = 2  # steps that the host may be ahead: with more, batches would pile up in the GPU's memory
MATRIX_SIDE = 2048  # 17 Gflop a product: well above what launching it costs
NUM_LOOKS = 5


@dataclass(frozen=True)
class Transfer:
    """One way to bring batches over.

    Attributes
    ----------
    is_pinned : bool
        A thread of the DataLoader copies batches into page-locked memory.
    is_non_blocking : bool
        The host does not wait for the copy.
    has_stream : bool
        Copies run on a stream of their own, beside the step before.
    names_device : bool
        `pin_memory_device` is given.
    """

    is_pinned: bool = False
    is_non_blocking: bool = False
    has_stream: bool = False
    names_device: bool = False

    def loader_arguments(self, device: str) -> dict[str, Any]:
        """Return what it asks of the DataLoader."""
        named = {"pin_memory_device": device} if self.names_device else {}
        return {"pin_memory": self.is_pinned, **named}


TRANSFERS = {
    "pageable": Transfer(),
    "pinned": Transfer(is_pinned=True),
    "pinned non_blocking": Transfer(is_pinned=True, is_non_blocking=True),
    "pinned prefetched": Transfer(is_pinned=True, is_non_blocking=True, has_stream=True),
    "pin_memory_device": Transfer(is_pinned=True, is_non_blocking=True, has_stream=True, names_device=True),
}


def require_transfer(name: str) -> None:
    """Skip `pin_memory_device` where torch ignores it: its own documentation says so."""
    if TRANSFERS[name].names_device and "pin_memory_device (str, optional): Deprecated" in (
        DataLoader.__doc__ or ""
    ):
        pytest.skip(f"torch {torch.__version__} ignores pin_memory_device, which is deprecated")


class Mover:
    """Brings batches to the device in one way, so that the current stream may use them."""

    def __init__(self, transfer: Transfer, device: torch.device, cuda: Any = torch.cuda) -> None:
        self.transfer, self.device, self.cuda = transfer, device, cuda
        self.stream = cuda.Stream(device) if transfer.has_stream else None

    def move(self, batch: object) -> list[Tensor]:
        """Return the batch's tensors on the device."""
        if self.stream is None:
            return self._copied(batch)
        with self.cuda.stream(self.stream):
            moved = self._copied(batch)
        current = self.cuda.current_stream(self.device)
        current.wait_stream(self.stream)
        for tensor in moved:  # its memory is not used again before the current stream is through with it
            tensor.record_stream(current)
        return moved

    def _copied(self, batch: object) -> list[Tensor]:
        non_blocking = self.transfer.is_non_blocking
        return [tensor.to(self.device, non_blocking=non_blocking) for tensor in tensors_in(batch)]


class KnownWork:
    """Products of matrices that keep the device busy for about so many seconds.

    Attributes
    ----------
    seconds : float
        What they took last, by the device's own clock.
    """

    def __init__(self, seconds: float, device: torch.device, cuda: Any = torch.cuda) -> None:
        self.wanted, self.device, self.cuda = seconds, device, cuda
        self.num_products, self.seconds = 0, 0.0
        generator = torch.Generator().manual_seed(0)
        side = MATRIX_SIDE if seconds else 1
        self.matrix = torch.randn(side, side, generator=generator).to(device)
        self.product = torch.empty_like(self.matrix)

    def run(self) -> None:
        """Give the device its work."""
        for _ in range(self.num_products):
            torch.mm(self.matrix, self.matrix, out=self.product)

    def calibrate(self) -> None:
        """Choose how many products make the wanted length, and time them."""
        if not self.wanted:
            return
        for _ in range(2):  # the first look also wakes the device up
            self.num_products = 10
            one = self._timed() / self.num_products
        self.num_products = max(1, round(self.wanted / max(one, 1e-9)))
        self.time()

    def time(self) -> None:
        """Time the work alone, as it runs now."""
        self.seconds = self._timed() if self.wanted else 0.0

    def _timed(self) -> float:
        pairs = []
        for _ in range(NUM_LOOKS):
            begin, end = (self.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record(self.cuda.current_stream(self.device))
            self.run()
            end.record(self.cuda.current_stream(self.device))
            pairs.append((begin, end))
        self.cuda.synchronize(self.device)
        return median(elapsed_seconds(pairs))


def exposed_seconds(seconds_per_batch: float, step_seconds: float) -> float:
    """Return what loading and copying add to a step: what runs beside it costs nothing."""
    return max(0.0, seconds_per_batch - step_seconds)


class DeviceEpochs(LoaderEpochs):
    """A DataLoader read to the device, each batch followed by a step of known length.

    Parameters
    ----------
    dataset : Dataset
    transfer : Transfer
    step_seconds : float
        0 measures the pace of loading and copying alone.
    device : str
    loader_arguments
        As for `LoaderEpochs`.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        transfer: Transfer,
        step_seconds: float,
        device: str,
        **loader_arguments: Any,
    ) -> None:
        super().__init__(dataset, device=device, **{**loader_arguments, **transfer.loader_arguments(device)})
        self.mover = Mover(transfer, self.device)
        self.work = KnownWork(step_seconds, self.device)
        self.issues: list[float] = []
        self.begun = self.ended = (0.0, 0.0)  # of an epoch's loop: CPU seconds of the main thread, and of all

    def warm_up(self) -> None:
        """Calibrate the step, then start the workers."""
        self.work.calibrate()
        super().warm_up()

    def measure(self, seconds: float, until: float) -> PassResult:
        """Time the step alone, then one epoch."""
        self.work.time()
        result = super().measure(seconds, until)
        figures = host_figures(self.begun, self.ended, self.issues)
        step = self.work.seconds
        result.figures |= figures | {
            "step_seconds": step,
            "exposed_seconds_per_batch": exposed_seconds(self.seconds_per_batch, step),
        }
        return result

    def _pace(self, starts: float, arrivals: list[float]) -> float:
        """Seconds per batch; with a step, once every worker has delivered its first.

        The first batches are waited for once an epoch, and would seem exposed in each of its steps.
        """
        if not self.work.wanted:
            return super()._pace(starts, arrivals)
        num_first = max(1, self.num_workers)
        return super()._pace(arrivals[num_first - 1], arrivals[num_first:])

    def _epoch(self) -> tuple[float, list[float], list[float]]:
        """Read one epoch; a batch has arrived when the step that used it has ended."""
        batches = iter(self.loader)
        timeline, waits = Timeline(self.device), []
        asked, self.issues = timeline.starts, []
        self.begun = thread_time(), process_time()
        for batch in batches:
            waits.append(perf_counter() - asked)
            wait_for_room(timeline.events)
            begins = perf_counter()
            moved = self.mover.move(batch)
            self.work.run()
            del moved  # as a step does, which keeps its batch until it has been issued
            timeline.add()
            asked = perf_counter()
            self.issues.append(asked - begins)
        self.ended = thread_time(), process_time()
        return timeline.starts, timeline.read(), waits


def wait_for_room(events: Sequence[Any]) -> None:
    """Wait until no more than `IN_FLIGHT` steps are unfinished; the first event is that of the beginning."""
    if len(events) > IN_FLIGHT:
        events[-IN_FLIGHT].synchronize()


def host_figures(
    begun: tuple[float, float], ended: tuple[float, float], issues: Sequence[float]
) -> dict[str, float]:
    """Return what the epoch's loop took of the main process, a batch.

    Parameters
    ----------
    begun, ended : tuple of float
        CPU seconds of the main thread and of all threads: the difference is the pin thread's, where it is.
    issues : sequence of float
        Seconds in which the main thread brought each batch on its way and issued its step: a pin thread that
        holds the interpreter's lock lengthens them.
    """
    main, everything = (end - begin for begin, end in zip(begun, ended, strict=True))
    p50, p99 = np.quantile(issues, [0.5, 0.99])
    return {
        "main_thread_cpu_seconds_per_batch": main / len(issues),
        "other_threads_cpu_seconds_per_batch": max(0.0, everything - main) / len(issues),
        "issue_p50_seconds": float(p50),
        "issue_p99_seconds": float(p99),
    }

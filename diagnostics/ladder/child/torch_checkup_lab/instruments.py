"""Stand-ins for dataset, collate function and worker's start that time what they pass on to the user's own.

They count in memory that all processes share, once a batch: a clock around every sample would distort the
trivial ones. What a worker is to do is switched there too, so one set of workers serves every rung.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from time import perf_counter, process_time, thread_time
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from .clocks import Delay
from .loading import TargetError

FULL, NO_PAYLOAD, CACHED, EMPTY = range(4)  # what reaches the main process, and from where
COUNTERS = ("batches", "fetch", "fetch_cpu", "collate", "collate_cpu", "process_cpu", "delay", "threads")


class Shared:
    """Numbers that the main process and its workers share: the order of the day, and a row each.

    They are on the CPU whatever the user's default device: a forked worker cannot read CUDA memory.

    Attributes
    ----------
    control : Tensor, shape (3,), int64
        What to do, samples that each worker yields in this epoch of a stream, threads in a worker (0: as
        they are).
    rows : Tensor, shape (max(1, num_workers), len(COUNTERS)), float64
    """

    def __init__(self, num_workers: int) -> None:
        self.control = torch.zeros(3, dtype=torch.int64, device="cpu")
        self.rows = torch.zeros(max(1, num_workers), len(COUNTERS), dtype=torch.float64, device="cpu")
        if num_workers:
            self.control.share_memory_()
            self.rows.share_memory_()

    @property
    def mode(self) -> int:
        """FULL, NO_PAYLOAD, CACHED or EMPTY."""
        return int(self.control[0])

    def totals(self) -> dict[str, float]:
        """Return the sums over all workers."""
        return dict(zip(COUNTERS, self.rows.sum(0).tolist(), strict=True))


class Meter:
    """Counts what one process does; every process has its own, and its own row."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.pid = 0
        self.is_running = False
        self.sums = [0.0] * len(COUNTERS)
        self.delay: Delay
        self.held: Any = None  # the samples of a batch, for the rungs that fetch nothing

    def begin(self) -> None:
        """Start the clocks of a batch."""
        if self.pid != os.getpid():
            self._adopt()
        self.is_running = True
        if self.is_main:  # it does other things between two batches, which are not to be counted
            self.before = (process_time() - self.sums[5], self.delay.seconds() - self.sums[6])
        self.started, self.started_cpu = perf_counter(), thread_time()

    def _adopt(self) -> None:
        """Find this process' row; a meter arrives as a copy of the main process'."""
        info = get_worker_info()
        self.pid, self.row, self.held = os.getpid(), info.id if info else 0, None
        self.is_main, self.before = info is None, (0.0, 0.0)
        self.sums = [0.0] * len(COUNTERS)
        self.delay = Delay()

    def fetched(self) -> None:
        """Stop the clocks of fetching, and start those of collating."""
        now, cpu = perf_counter(), thread_time()
        self.sums[1] += now - self.started
        self.sums[2] += cpu - self.started_cpu
        self.started, self.started_cpu = now, cpu

    def collated(self) -> None:
        """Stop the clocks of collating, and write the row."""
        self.is_running = False
        self.sums[0] += 1
        self.sums[3] += perf_counter() - self.started
        self.sums[4] += thread_time() - self.started_cpu
        self.sums[5], self.sums[6] = process_time() - self.before[0], self.delay.seconds() - self.before[1]
        self.sums[7] = torch.get_num_threads()
        self.shared.rows[self.row] = torch.tensor(self.sums, dtype=torch.float64, device="cpu")

    def __getstate__(self) -> dict[str, Any]:
        return {**Meter(self.shared).__dict__}


class TimedMap:
    """A map-style dataset, a batch at a time."""

    def __init__(self, dataset: Any, meter: Meter) -> None:
        self.dataset, self.meter = dataset, meter

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitems__(self, indices: list[Any]) -> Any:
        return self._timed(lambda: self._fetch(indices))

    def __getitem__(self, index: Any) -> Any:
        return self._timed(lambda: self.dataset[index])

    def _timed(self, fetch: Callable[[], Any]) -> Any:
        self.meter.begin()
        if self.meter.held is None or self.meter.shared.mode in {FULL, NO_PAYLOAD}:
            self.meter.held = fetch()
        self.meter.fetched()
        return self.meter.held

    def _fetch(self, indices: list[Any]) -> Any:
        own = getattr(self.dataset, "__getitems__", None)
        return own(indices) if own else [self.dataset[index] for index in indices]


class _NoShareError(Exception):
    """A stream has nothing for this worker."""


class TimedStream(IterableDataset[Any]):
    """A stream that is begun anew whenever it ends, and ends where the epoch is to end."""

    def __init__(self, dataset: Any, meter: Meter) -> None:
        self.dataset, self.meter = dataset, meter
        self._rest: Iterator[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        for _ in range(int(self.meter.shared.control[1])):
            if not self.meter.is_running:
                self.meter.begin()
            try:
                sample = self._next()
            except _NoShareError:
                return
            yield sample

    def _next(self) -> Any:
        if self.meter.held is not None and self.meter.shared.mode in {CACHED, EMPTY}:
            return self.meter.held
        for _ in range(2):
            if self._rest is not None:
                for sample in self._rest:
                    self.meter.held = sample
                    return sample
            self._rest = iter(self.dataset)
        if get_worker_info() is not None:  # fewer shards than workers
            raise _NoShareError
        raise TargetError(f"{type(self.dataset).__name__} yields no sample in the main process")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_rest": None}


class TimedCollate:
    """The user's collate function; what it returns stays behind where a rung has no payload."""

    def __init__(self, collate_fn: Callable[[Any], Any], meter: Meter, is_stream: bool) -> None:
        self.collate_fn, self.meter, self.is_stream = collate_fn, meter, is_stream

    def __call__(self, samples: Any) -> Any:
        """Collate, or do what the rung wants."""
        if self.is_stream:
            self.meter.fetched()
        mode = self.meter.shared.mode
        batch = None if mode == EMPTY else self.collate_fn(samples)
        self.meter.collated()
        return None if mode == NO_PAYLOAD else batch


class WorkerStart:
    """The user's worker_init_fn, which finds its own dataset and not the stand-in."""

    def __init__(self, own: Callable[[int], Any] | None, shared: Shared) -> None:
        self.own, self.shared = own, shared

    def __call__(self, worker: int) -> None:
        """Prepare a worker: ours, then the user's own."""
        from .signals import show_stack_on_signal

        show_stack_on_signal()
        info: Any = get_worker_info()
        object.__setattr__(info, "dataset", info.dataset.dataset)  # it refuses changes
        if self.own is not None:
            self.own(worker)
        if num_threads := int(self.shared.control[2]):
            limit_threads(num_threads)


@contextmanager
def threads_limited(number: int) -> Iterator[None]:
    """Limit the threads of this process for a while, 0: not at all."""
    with ExitStack() as limits:
        if number:
            torch.set_num_threads(number)
            with suppress(ImportError):
                import threadpoolctl

                limits.enter_context(threadpoolctl.threadpool_limits(number))
        yield


def limit_threads(number: int) -> None:
    """Limit torch's threads, and those of the numerical libraries that are loaded, for good."""
    torch.set_num_threads(number)
    torch.set_num_threads = lambda wanted: None  # a dataset may set its own with every sample
    with suppress(ImportError):
        import threadpoolctl

        threadpoolctl.threadpool_limits(number)
    if (cv2 := sys.modules.get("cv2")) is not None:
        cv2.setNumThreads(number)

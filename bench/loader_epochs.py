"""Throughput of a DataLoader, measured over whole epochs whose length fits the time of a pass."""

import math
import multiprocessing
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from bench import process_tree
from bench.clocks import Timeline
from bench.configuration import PassResult
from bench.start_methods import IN_PROCESS
from bench.streams import Stream
from bench.user_data import tensors_in

MAX_BATCHES = 20_000
FEWEST_GROUPS = 2  # batches of each worker in an epoch
NUM_THREADS = 1  # what torch gives a worker; the main process gets the same, so that 0 workers compare fairly


class EpochSampler(Sampler[int]):
    """Indices 0, 1, 2, …, wrapped at the dataset's end. Its length can change between two epochs.

    The sampler lives in the main process, so persistent workers need not be restarted for another length.
    """

    def __init__(self, dataset_size: int, num_samples: int) -> None:
        self.dataset_size = dataset_size
        self.num_samples = num_samples

    def __iter__(self) -> Iterator[int]:
        return (index % self.dataset_size for index in range(self.num_samples))

    def __len__(self) -> int:
        return self.num_samples


class LoaderEpochs:
    """A DataLoader whose workers stay up from pass to pass.

    Every round is one epoch, read to its end: nothing is prefetched while another configuration is measured.
    """

    unit: ClassVar[str] = "sample"

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        batch_size: int,
        num_workers: int,
        start_method: str = IN_PROCESS,
        device: str = "cpu",
        collate_fn: Callable[[list[Any]], Any] | None = None,
        **loader_arguments: Any,
    ) -> None:
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.device = torch.device(device)
        self.is_cuda = self.device.type == "cuda"
        self.period = getattr(dataset, "period", 1)
        self.epoch = dataset if isinstance(dataset, Stream) else EpochSampler(len(dataset), 0)
        self.loader: DataLoader[Any] = DataLoader(
            dataset,
            batch_size,
            sampler=self.epoch if isinstance(self.epoch, EpochSampler) else None,
            num_workers=num_workers,
            multiprocessing_context=start_method if num_workers and start_method != IN_PROCESS else None,
            collate_fn=collate_fn,
            **{"pin_memory": self.is_cuda, "persistent_workers": num_workers > 0, **loader_arguments},
        )
        self.worker_pids: list[int] = []
        self.first_batch_seconds = 0.0
        self.sample_bytes = 0
        self.seconds_per_batch = 0.0

    def warm_up(self) -> None:
        """Start the workers, time the first batch, and estimate how long a batch takes."""
        torch.set_num_threads(NUM_THREADS)
        before = set(multiprocessing.active_children())
        if self.is_cuda:
            torch.cuda.synchronize(self.device)  # its context is there before the first batch is asked for
        self._set_batches(2)
        asked = perf_counter()
        _, arrivals, _ = self._epoch()
        self.first_batch_seconds = arrivals[0] - asked
        self._count_bytes()
        self.worker_pids = [p.pid for p in multiprocessing.active_children() if p not in before and p.pid]
        for num_groups in (4, 32, 256):  # until the estimate rests on 50 ms
            self._set_batches(num_groups)
            starts, arrivals, _ = self._epoch()
            self.seconds_per_batch = self._pace(starts, arrivals)
            if arrivals[-1] - starts > 0.05:
                break

    def measure(self, seconds: float, until: float) -> PassResult:
        """Read one epoch that takes about `seconds`."""
        del until
        torch.set_num_threads(NUM_THREADS)
        self._set_length(seconds)
        cpu_before = process_tree.cpu_seconds(self.worker_pids)
        starts, arrivals, waits = self._epoch()
        cpu_used = process_tree.cpu_seconds(self.worker_pids) - cpu_before
        self.seconds_per_batch = self._pace(starts, arrivals)
        seconds_per_sample = self.seconds_per_batch / self.batch_size
        p50, p99 = np.quantile(waits, [0.5, 0.99])
        return PassResult(
            [seconds_per_sample],
            figures={
                "samples_per_second": 1 / seconds_per_sample,
                "bytes_per_second": self.sample_bytes / seconds_per_sample,
                "batch_wait_p50_seconds": float(p50),
                "batch_wait_p99_seconds": float(p99),
                "cpu_seconds_per_sample": cpu_used / (len(arrivals) * self.batch_size),
                "first_batch_seconds": self.first_batch_seconds,
                "batch_size": self.batch_size,
                "sample_bytes": self.sample_bytes,
                "epoch_samples": self.epoch.num_samples,
                "num_threads": NUM_THREADS,
                **process_tree.memory_per_process(self.worker_pids),
            },
        )

    def plain_loop(self, seconds: float) -> float:
        """Samples per second of the loop that a user would time, over an epoch of about `seconds`."""
        self._set_length(seconds)
        starts = perf_counter()
        for _ in self.loader:
            pass
        return self.epoch.num_samples / (perf_counter() - starts)

    def close(self) -> None:
        """Stop the workers: dropping the iterator shuts them down."""
        del self.loader

    def _set_length(self, seconds: float) -> None:
        """Let the next epoch take about `seconds`."""
        wanted = min(seconds / max(self.seconds_per_batch, 1e-7), MAX_BATCHES)
        self._set_batches(self._whole_periods(wanted))

    def _whole_periods(self, num_batches: float) -> int:
        """Groups of batches, one a worker, that hold whole periods of the dataset's costs."""
        group_size = max(1, self.num_workers)
        step = self.period // math.gcd(self.period, group_size * self.batch_size)
        return max(math.ceil(FEWEST_GROUPS / step), round(num_batches / group_size / step)) * step

    def _set_batches(self, num_groups: int) -> None:
        self.epoch.num_samples = num_groups * max(1, self.num_workers) * self.batch_size

    def _pace(self, starts: float, arrivals: list[float]) -> float:
        """Seconds per batch of an epoch.

        The workers are up and idle, are all asked at once, and have as many batches each: all of the work
        lies between the asking and the last arrival, and no batch that was loaded ahead comes for free.
        """
        return (arrivals[-1] - starts) / len(arrivals)

    def _epoch(self) -> tuple[float, list[float], list[float]]:
        """Read one epoch: clock when it was asked for, at each arrival, and seconds waited for each batch.

        On the CPU a batch has arrived when the loader hands it over, and one look at the clock is all that is
        added to the loop: small batches take microseconds.
        """
        if self.is_cuda:
            return self._epoch_to_device()
        batches = iter(self.loader)
        starts = perf_counter()
        arrivals = [perf_counter() for _ in batches]
        return starts, arrivals, np.diff([starts, *arrivals]).tolist()

    def _epoch_to_device(self) -> tuple[float, list[float], list[float]]:
        """Copy each batch to the device as it comes; it has arrived when its copies are through."""
        batches = iter(self.loader)
        timeline, waits = Timeline(self.device), []
        asked = timeline.starts
        for batch in batches:
            waits.append(perf_counter() - asked)
            for tensor in tensors_in(batch):
                tensor.to(self.device, non_blocking=True)
            timeline.add()
            asked = perf_counter()
        return timeline.starts, timeline.read(), waits

    def _count_bytes(self) -> None:
        """Look at one batch, outside of what is timed, and read its epoch to the end."""
        self._set_batches(1)
        for batch in self.loader:
            self.sample_bytes = sum(tensor.nbytes for tensor in tensors_in(batch)) // self.batch_size

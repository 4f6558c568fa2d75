"""DataLoaders with the user's data and any worker arguments, read for as long as is wanted."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter, process_time, sleep
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, default_collate, default_convert

from .instruments import Meter, Shared, TimedCollate, TimedMap, TimedStream, WorkerStart
from .source import Source, Turns

MOST_BATCHES = 20_000
OVERTIME = 3.0  # times the seconds that were asked for, after which an epoch is cut short
Step = Callable[[Any], Any]


def parts_of(batch: object) -> Iterator[Any]:
    """Walk through a batch of nested mappings, lists and tuples."""
    if isinstance(batch, Mapping | list | tuple):
        for inner in batch.values() if isinstance(batch, Mapping) else batch:
            yield from parts_of(inner)
    else:
        yield batch


def tensors_in(batch: object) -> Iterator[Tensor]:
    """Return what is a tensor in a batch."""
    return (part for part in parts_of(batch) if isinstance(part, Tensor))


def is_dense(tensor: Tensor) -> bool:
    """Whether all elements lie in memory: a sparse tensor tells no bytes."""
    return tensor.layout == torch.strided


def can_pin(batch: object) -> bool:
    """Whether a batch has tensors, and all of them can be pinned: torch raises for any other."""
    tensors = list(tensors_in(batch))
    return bool(tensors) and all(one.device.type == "cpu" and is_dense(one) for one in tensors)


def moved(batch: Any, device: str) -> Any:
    """Return a batch on a device; it comes back without waiting where its memory is pinned."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, Mapping):
        return {key: moved(inner, device) for key, inner in batch.items()}
    if isinstance(batch, list | tuple):
        return [moved(inner, device) for inner in batch]
    return batch.to(device) if hasattr(batch, "to") else batch  # a class of the user's own


class OpenLoader:
    """A DataLoader whose workers stay up from measurement to measurement.

    Parameters
    ----------
    source : Source
    arguments : dict
        DataLoader's own: `num_workers`, `prefetch_factor`, `multiprocessing_context`, `pin_memory`,
        `in_order`; beside them `preload` (modules for the forkserver) and `threads` (in a worker, 0: as the
        user's own code leaves them).
    """

    def __init__(self, source: Source, arguments: Mapping[str, Any]) -> None:
        settings = {key: value for key, value in arguments.items() if value is not None}
        self.num_workers = int(settings.pop("num_workers", 0))
        self.threads = int(settings.pop("threads", 0))
        preload = settings.pop("preload", None)
        if preload:
            multiprocessing.set_forkserver_preload(list(preload))
        if not self.num_workers:
            for name in ("prefetch_factor", "multiprocessing_context", "in_order"):
                settings.pop(name, None)
        settings["persistent_workers"] = self.num_workers > 0
        self.source, self.shared = source, Shared(self.num_workers)
        self.shared.control[2] = self.threads
        self.turns = None if source.is_stream else Turns(source.indices)
        self.loader = self._loader(settings)
        self.batch_size = source.batch_size or 1
        self.seconds_per_batch: dict[tuple[int, bool, str], float] = {}

    def _loader(self, settings: dict[str, Any]) -> Any:
        source, meter = self.source, Meter(self.shared)
        is_batched = source.batch_size is not None
        collate = source.collate_fn or (default_collate if is_batched else default_convert)
        common: dict[str, Any] = {
            "num_workers": self.num_workers,
            "collate_fn": TimedCollate(collate, meter, source.is_stream),
            "worker_init_fn": WorkerStart(source.worker_init_fn, self.shared) if self.num_workers else None,
            "timeout": source.timeout if self.num_workers else 0,
            **settings,
        }
        if source.is_stream:
            stream = TimedStream(source.dataset, meter)
            return DataLoader(stream, batch_size=source.batch_size, drop_last=source.drop_last, **common)
        data: Any = TimedMap(source.dataset, meter)
        order = {"batch_sampler": self.turns} if is_batched else {"sampler": self.turns, "batch_size": None}
        return DataLoader(data, **order, **common)

    def start(self, beat: Callable[[], None]) -> dict[str, Any]:
        """Read the first batches, and say how long that took and what a batch holds."""
        before = {child.pid for child in multiprocessing.active_children()}
        self.set_batches(max(2, self.num_workers))
        begun, first_seconds, num_bytes, num_movable = perf_counter(), 0.0, 0, 0
        can_be_pinned = False
        for number, batch in enumerate(self.loader):
            beat()
            if not number:
                first_seconds = perf_counter() - begun
                num_bytes = sum(tensor.nbytes for tensor in tensors_in(batch) if is_dense(tensor))
                can_be_pinned = can_pin(batch)
                num_movable = sum(hasattr(part, "to") for part in parts_of(batch))
        pids = [child.pid for child in multiprocessing.active_children() if child.pid not in before]
        return {
            "first_batch_seconds": first_seconds,
            "start_seconds": perf_counter() - begun,
            "batch_bytes": num_bytes,
            "num_movable": num_movable,
            "can_pin": can_be_pinned,
            "pids": pids,
        }

    def measure(
        self, seconds: float, mode: int, step: Step | None, beat: Callable[[], None], device: str = ""
    ) -> dict[str, float]:
        """Read an epoch of about so many seconds.

        The clock runs from when the workers, which are up, have been asked, to the last batch: a multiple
        of their number, so that all begin and end together. Were it started at a later arrival, batches
        that had piled up behind a slow one would seem to take no time. Of the wait for the first batch,
        what a step on as many batches as there are workers hides is left out: later on it is hidden.
        """
        self.shared.control[0] = mode
        key = (mode, step is None, device)

        def epoch(num_batches: int) -> dict[str, float]:
            told = self._epoch(num_batches, step, beat, OVERTIME * seconds, device)
            self.seconds_per_batch[key] = told["seconds"] / told["batches"]
            return told

        if key not in self.seconds_per_batch:
            self._estimate(epoch, seconds)
        group = max(1, self.num_workers)
        wanted = min(seconds / max(self.seconds_per_batch[key], 1e-7), MOST_BATCHES)
        return epoch(group * max(3, round(wanted / group) + 1))

    def _estimate(self, epoch: Callable[[int], dict[str, float]], seconds: float) -> None:
        group = max(1, self.num_workers)
        for num_groups in (2, 8, 64):
            took = epoch(group * num_groups)["seconds"]
            if took > 0.2 * seconds or took > 0.05:
                return

    def _epoch(
        self, num_batches: int, step: Step | None, beat: Callable[[], None], limit: float, device: str
    ) -> dict[str, float]:
        self.set_batches(num_batches)
        before, cpu, count, step_seconds, first_wait = self.shared.totals(), process_time(), 0, 0.0, 0.0
        drawn, drawn_cpu = self._drawing
        iterator = iter(self.loader)
        begun = ends = perf_counter() - (self._drawing[0] - drawn)  # workers ask ahead, but not for free
        for batch in iterator:
            arrived = perf_counter()
            if device:
                batch = moved(batch, device)  # noqa: PLW2901
            if step is not None:
                step(batch)
            first_wait = first_wait or arrived - begun
            count += 1
            ends = perf_counter()
            if step is not None:
                step_seconds += ends - arrived
            beat()
            if ends - begun > limit and self.turns is not None and count >= max(1, self.num_workers):
                self.turns.num_batches = 0  # the sampler ends; what was asked for already still comes
        if device:
            torch.cuda.synchronize()
            ends = perf_counter()
        after = self.shared.totals()
        counted = {name: after[name] - before[name] for name in before}
        hidden = min(first_wait, self.num_workers * step_seconds / max(1, count))
        return {
            **counted,
            "loaded": max(1.0, counted["batches"]),
            "threads": after["threads"] / max(1, self.num_workers),
            "seconds": max(ends - begun - hidden, 1e-9),
            "batches": max(1, count),
            "main_cpu": (process_time() - cpu) / max(1, count),
            "step_seconds": step_seconds / max(1, count),
            "sampler_seconds": (self._drawing[0] - drawn) / max(1, count),
            "sampler_cpu_seconds": (self._drawing[1] - drawn_cpu) / max(1, count),
        }

    @property
    def _drawing(self) -> tuple[float, float]:
        """Seconds in which indices were drawn, and those of them on the processor."""
        return (self.turns.seconds, self.turns.cpu_seconds) if self.turns is not None else (0.0, 0.0)

    def set_batches(self, number: int) -> None:
        """Let the next epoch have so many batches."""
        if self.turns is not None:
            self.turns.num_batches = number
        else:
            each = -(-number // max(1, self.num_workers))
            self.shared.control[1] = each * self.batch_size

    def close(self) -> None:
        """End the workers."""
        iterator = self.loader._iterator
        if iterator is not None and hasattr(iterator, "_shutdown_workers"):
            iterator._shutdown_workers()
        self.loader = None


def emulated(seconds: float) -> Step:
    """Return a step that takes so long and computes nothing, as an accelerator would seem to."""
    return lambda batch: sleep(seconds)


def checked(step: Step) -> Step:
    """Return a step that has ended when it returns, on an accelerator too."""
    if not torch.cuda.is_available():
        return step

    def run(batch: Any) -> None:
        step(batch)
        torch.cuda.synchronize()

    return run


def preload_names(source: Source) -> list[str]:
    """Return the modules that a forkserver should have imported before its first worker."""
    own = type(source.dataset).__module__
    return ["torch", "torch.utils.data", *(["numpy"] if "numpy" in sys.modules else []), own]

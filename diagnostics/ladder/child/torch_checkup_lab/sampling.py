"""Samples one by one in the main process: what each takes, which are slow, how large they are."""

from collections.abc import Callable, Iterator
from time import perf_counter, process_time, thread_time
from typing import Any

import torch
from torch.utils.data import Subset

from .clocks import Delay
from .loaders import is_dense, tensors_in
from .source import Source, Turns

MOST_SAMPLES = 20_000
NUM_SLOWEST = 5
MOST_COPIED_BYTES = 2**26
PRECISION = 0.1  # of the mean, as its standard error over it: rare slow samples make it slow to come
LONGER = 4  # times the seconds that were asked for, where that precision needs them


def _samples(source: Source) -> Iterator[tuple[list[Any], Callable[[], Any]]]:
    """Yield indices and the function that fetches samples, all of a batch where it is read whole."""
    if source.is_stream:
        stream, position = iter(source.dataset), 0
        while True:
            yield [position], lambda stream=stream: [next(stream)]  # type: ignore[misc]
            position += 1
    turns = Turns(source.indices)
    turns.num_batches = MOST_SAMPLES
    for batch in turns:
        indices = list(batch) if source.batch_size is not None else [batch]
        if source.batch_size is not None and reads_batches(source.dataset):
            yield indices, lambda indices=indices: source.dataset.__getitems__(indices)  # type: ignore[misc]
            continue
        for index in indices:
            yield [index], lambda index=index: [source.dataset[index]]  # type: ignore[misc]


def reads_batches(dataset: Any) -> bool:
    """Return whether torch reads a dataset by the batch: a Subset only does if what it is a part of does."""
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return bool(getattr(dataset, "__getitems__", None))


def time_samples(source: Source, seconds: float, beat: Callable[[], None]) -> dict[str, Any]:
    """Fetch samples for so many seconds, four at least, and for longer where they differ much.

    Returns
    -------
    dict
        `wall` and `cpu`: seconds of each sample, without those in which it waited for a processor, and those
        of all threads that worked for it; `own_cpu`: those of one thread alone, all samples together;
        `slowest`: [index, seconds] of some; `sample_bytes`.
    """
    wall: list[float] = []
    cpu: list[float] = []
    indices: list[Any] = []
    held: list[Any] = []
    num_bytes, begun, delay, own_cpu = 0, perf_counter(), Delay(), 0.0
    for together, fetch in _samples(source):
        if len(held) * len(together) >= (source.batch_size or 1):
            held.clear()  # as a batch is dropped whole; while it is kept, samples need fresh memory
        delayed = delay.seconds()
        started, started_cpu, started_own = perf_counter(), process_time(), thread_time()
        try:
            samples = fetch()
        except StopIteration:
            break
        own_cpu += thread_time() - started_own
        busy, spent = process_time() - started_cpu, perf_counter() - started
        spent = max(min(busy, spent), spent - (delay.seconds() - delayed))
        cpu += [busy / len(together)] * len(together)
        wall += [spent / len(together)] * len(together)
        indices += [one if isinstance(one, int | str) else str(one) for one in together]
        num_bytes += bytes_of(samples)
        held.append(samples)
        beat()
        spent = perf_counter() - begun
        is_enough = spent > LONGER * seconds or (spent > seconds and is_precise(wall))
        if (is_enough and len(wall) >= 4) or len(wall) >= MOST_SAMPLES:
            break
    order = sorted(range(len(wall)), key=lambda at: -wall[at])[:NUM_SLOWEST]
    slowest = [[indices[at], wall[at]] for at in order]
    return {
        "wall": wall,
        "cpu": cpu,
        "own_cpu": own_cpu,
        "slowest": slowest,
        "sample_bytes": num_bytes / max(1, len(wall)),
    }


def is_precise(values: list[float]) -> bool:
    """Return whether the standard error of the mean is a small part of it."""
    if len(values) < 2:
        return False
    found = torch.tensor(values, dtype=torch.float64, device="cpu")
    return float(found.std()) <= PRECISION * float(found.mean()) * len(values) ** 0.5


def bytes_of(sample: Any) -> int:
    """Return the bytes of a sample's tensors and arrays."""
    if isinstance(sample, dict):
        return sum(map(bytes_of, sample.values()))
    if isinstance(sample, list | tuple):
        return sum(map(bytes_of, sample))
    if isinstance(sample, torch.Tensor) and not is_dense(sample):
        return 0
    size = getattr(sample, "nbytes", None)
    return size if isinstance(size, int) else sum(map(bytes_of, tensors_in(sample)))


def copy_seconds(num_bytes: int, batch_size: int, seconds: float = 0.1) -> float:
    """Return what copying a sample's bytes takes while a batch is kept, as a loader keeps one."""
    number = max(1, min(batch_size, MOST_COPIED_BYTES // max(1, num_bytes)))
    blocks = [torch.ones(max(1, num_bytes), dtype=torch.uint8, device="cpu") for _ in range(number)]
    times: list[float] = []
    begun = perf_counter()
    while len(times) < 5 or (perf_counter() - begun < seconds and len(times) < 200):
        started = thread_time()
        copies = [block.clone() for block in blocks]
        times.append((thread_time() - started) / number)
        del copies
    return sum(times) / len(times)

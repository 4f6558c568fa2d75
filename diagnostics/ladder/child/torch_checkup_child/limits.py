"""What this machine can do at most, measured: cores that really run side by side, and bytes moved a second."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import torch

BLOCK_BYTES = 1 << 20
COPY_BYTES = 32 << 20  # beyond most caches
TURNS = 5
MOST_CORES = 64


def counted_cores() -> int:
    """Return the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _together(work: Callable[[], None], number: int, pool: ThreadPoolExecutor) -> float:
    began = time.perf_counter()
    for done in [pool.submit(work) for _ in range(number)]:
        done.result()
    return time.perf_counter() - began


def speedups(works: dict[str, Callable[[], None]], number: int) -> dict[str, tuple[float, float]]:
    """Return, for each work, the seconds of one alone and how many of `number` at once run at full speed.

    Alone and together take turns; hashing and copying release the GIL, so threads do.
    """
    alone: dict[str, list[float]] = {name: [] for name in works}
    ratios: dict[str, list[float]] = {name: [] for name in works}
    with ThreadPoolExecutor(number) as pool:
        for _ in range(TURNS):
            for name, work in works.items():
                alone[name].append(_together(work, 1, pool))
                ratios[name].append(number * alone[name][-1] / _together(work, number, pool))
    return {name: (min(alone[name]), min(float(number), max(1.0, median(ratios[name])))) for name in works}


def measure() -> dict[str, float]:
    """Return the facts, in cores and bytes per second (bytes copied; each is read and written)."""
    number = min(MOST_CORES, counted_cores())
    block = os.urandom(BLOCK_BYTES)
    sources = [torch.rand(COPY_BYTES // 4) for _ in range(min(number, 8))]
    targets = [torch.empty_like(one) for one in sources]
    turns = iter(range(1 << 30))

    def hash_blocks() -> None:
        for _ in range(8):
            hashlib.sha256(block)

    def copy() -> None:
        which = next(turns) % len(sources)
        targets[which].copy_(sources[which])

    previous = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        copy()
        found = speedups({"hash": hash_blocks, "copy": copy}, number)
    finally:
        torch.set_num_threads(previous)
    return {
        "counted_cores": number,
        "usable_cores": found["hash"][1],
        "copy_bytes_per_second": COPY_BYTES / found["copy"][0],
        "copying_cores": found["copy"][1],
    }

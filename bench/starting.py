"""What the process behind `bench.starter` does: start workers, read an epoch, stop them, and measure it."""

import json
import multiprocessing
import os
import random
import sys
import traceback
from multiprocessing.reduction import ForkingPickler
from time import perf_counter
from typing import Any

import numpy as np
import psutil
import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from bench import process_tree

HELD_BYTES, ROW_BYTES, NUM_ROWS = 64 * 2**20, 1024, 4096
BATCH_SIZE = 64
PRELOAD = ("torch", "torch.utils.data", "numpy", "__main__")
PRELOADED = "forkserver with preload"
STOP_LIMIT_SECONDS = 30


class HeldRows(Dataset[int]):
    """A dataset that holds its data in memory; a sample is the number of the worker that read it.

    Parameters
    ----------
    held : {"nothing", "list", "array"}
        `list` is 65,536 `bytes` objects of 1 KiB, `array` one numpy array of the same 64 MiB. Reading an
        object writes its reference count, so a forked worker copies the page that it lies on.
    device : str
        Where a sample passes through; workers on the CPU leave torch's devices alone.
    """

    def __init__(self, held: str, device: str = "cpu") -> None:
        self.device = device
        self.rows: Any = range(NUM_ROWS)
        if held == "nothing":
            return
        data = random.Random(0).randbytes(HELD_BYTES)
        self.rows = np.frombuffer(data, np.uint8).reshape(-1, ROW_BYTES).copy()
        if held == "list":
            self.rows = [data[begin : begin + ROW_BYTES] for begin in range(0, HELD_BYTES, ROW_BYTES)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> int:
        row = self.rows[index]
        if self.device != "cpu":
            torch.ones(1, device=self.device).item()
        info = get_worker_info()
        return info.id if info and row is not None else 0


def prepare(start_method: str) -> dict[str, float]:
    """Start what the start method keeps running, before any worker; fork and spawn keep nothing.

    Returns
    -------
    dict
        `server_start_seconds` for forkserver: the first process less the second, the preload included.
    """
    if start_method == PRELOADED:
        multiprocessing.set_forkserver_preload(list(PRELOAD))
    if not start_method.startswith("forkserver"):
        return {}
    first, second = (_trivial_process_seconds() for _ in range(2))
    return {"server_start_seconds": max(0.0, first - second)}


def _trivial_process_seconds() -> float:
    starts = perf_counter()
    process = multiprocessing.get_context("forkserver").Process(target=os.getpid)
    process.start()
    process.join()
    return perf_counter() - starts


def start(dataset: Dataset[int], num_workers: int, start_method: str) -> dict[str, float]:
    """Start workers, read one shuffled epoch, and stop them.

    Returns
    -------
    dict
        Seconds to the first batch, to one batch of every worker and for stopping; memory of a worker when all
        are up and how much its own part grew over the epoch; bytes that each start pickles.
    """
    method = start_method.partition(" ")[0]
    before = set(multiprocessing.active_children())
    loader = DataLoader(
        dataset,
        BATCH_SIZE,
        shuffle=True,
        num_workers=num_workers,
        multiprocessing_context=method,
        persistent_workers=True,
    )
    starts = perf_counter()
    batches = iter(loader)
    next(batches)
    first = perf_counter() - starts
    for _ in range(num_workers - 1):  # batches come in order: the n-th is the n-th worker's first
        next(batches)
    full = perf_counter() - starts
    workers = [child for child in multiprocessing.active_children() if child not in before]
    memory = process_tree.memory_per_process(child.pid for child in workers if child.pid)
    for _ in batches:
        pass
    after = process_tree.memory_per_process(child.pid for child in workers if child.pid)
    stops = perf_counter()
    del batches, loader
    for worker in workers:
        worker.join(STOP_LIMIT_SECONDS)
    figures = {
        "first_batch_seconds": first,
        "all_workers_seconds": full,
        "seconds_per_worker": full / num_workers,
        "shutdown_seconds": perf_counter() - stops,
        "pickled_bytes_per_worker": 0 if method == "fork" else len(ForkingPickler.dumps(dataset)),
        **memory,
    }
    if "uss_bytes_per_worker" in memory:
        figures["uss_growth_bytes_per_worker"] = (
            after["uss_bytes_per_worker"] - memory["uss_bytes_per_worker"]
        )
    return figures


def serve() -> None:
    """Answer requests, a JSON line each, until standard input ends or a request is null."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    method, device = sys.argv[1:]
    once = prepare(method)
    if device != "cpu":
        torch.ones(1, device=device).item()  # as a training script that has moved its model there
    held = None
    for line in sys.stdin:
        request = json.loads(line)
        if request is None:
            break
        if held is None or held[0] != request["held"]:
            held = request["held"], HeldRows(request["held"], device)
        try:
            figures: dict[str, Any] = start(held[1], request["num_workers"], method)
        except Exception:
            figures = {"raised": traceback.format_exc()}
        print(json.dumps({**once, **figures}), file=replies, flush=True)
    for child in psutil.Process().children(recursive=True):
        child.terminate()

"""What `python -m bench tuner` tunes: datasets that differ in what bounds them, each named by a function."""

import random
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from bench.streams import Shards
from bench.workloads import SlowStorage, TensorCopies, TinyRows

CPU_SECONDS = 0.002
MIXED_WAIT_SECONDS, MIXED_CPU_SECONDS = 0.004, 0.001
LONGEST_TOKENS = 2048
SLOW_EVERY, USUAL_SECONDS, SLOW_SECONDS = 61, 0.0003, 0.080


def compute(seconds: float) -> float:
    """Compute in pure Python for so much processor time, whoever else wants the processor meanwhile."""
    until, number = time.thread_time() + seconds, 0.0
    while time.thread_time() < until:
        for i in range(200):
            number += i * 0.5
    return number


class Costly(Dataset[Tensor]):
    """Samples that take processor time and wait, as long as they are told.

    Parameters
    ----------
    cost : callable
        From a sample's index to its seconds on the processor and its seconds of waiting.
    """

    def __init__(self, cost: Callable[[int], tuple[float, float]]) -> None:
        self.cost = cost

    def __len__(self) -> int:
        return 1 << 16

    def __getitem__(self, index: int) -> Tensor:
        busy, waiting = self.cost(index)
        number = compute(busy)
        if waiting:
            time.sleep(waiting)
        return torch.full((8,), number)


class Records(Dataset[dict[str, Any]]):
    """Dictionaries of an image, boxes, a number and a string: many small tensors a batch."""

    def __len__(self) -> int:
        return 1 << 16

    def __getitem__(self, index: int) -> dict[str, Any]:
        compute(0.0005)
        return {
            "image": torch.full((3, 32, 32), index % 255, dtype=torch.uint8),
            "boxes": {"corners": torch.zeros(8, 4), "labels": torch.zeros(8, dtype=torch.int64)},
            "index": index,
            "name": f"sample-{index}",
        }


class Sentences(Dataset[Tensor]):
    """Sequences of 1 to 2048 numbers that take time by their length; a batch is padded to its longest."""

    def __len__(self) -> int:
        return 1 << 16

    def __getitem__(self, index: int) -> Tensor:
        length = int(LONGEST_TOKENS ** random.Random(index).random())
        compute(2e-6 * length)
        return torch.arange(length)


def _cpu_cost(index: int) -> tuple[float, float]:
    return CPU_SECONDS, 0.0


def _mixed_cost(index: int) -> tuple[float, float]:
    return MIXED_CPU_SECONDS, MIXED_WAIT_SECONDS


def _skewed_cost(index: int) -> tuple[float, float]:
    return USUAL_SECONDS, SLOW_SECONDS if index % SLOW_EVERY == SLOW_EVERY // 2 else 0.0


def cpu() -> Dataset[Tensor]:
    """2 ms of pure Python a sample."""
    return Costly(_cpu_cost)


def waiting() -> Dataset[Tensor]:
    """10 ms of waiting a sample."""
    return SlowStorage()


def mixed() -> Dataset[Tensor]:
    """4 ms of waiting and 1 ms of Python a sample."""
    return Costly(_mixed_cost)


def copying() -> Dataset[Tensor]:
    """Copies of tensors of 600 KB."""
    return TensorCopies()


def trivial() -> Dataset[Tensor]:
    """Rows of 8 numbers in memory."""
    return TinyRows()


def skewed() -> Dataset[Tensor]:
    """0.3 ms of Python a sample, and one in 61 waits 80 ms beside it."""
    return Costly(_skewed_cost)


def iterable() -> Shards:
    """The mixed samples as a stream that its workers share."""
    shards = Shards(mixed())
    shards.num_samples = len(shards.dataset)
    return shards


def records() -> Dataset[dict[str, Any]]:
    """Dictionaries of tensors, numbers and strings."""
    return Records()


def variable() -> Any:
    """Sequences of any length, padded."""
    from torch.utils.data import DataLoader

    return DataLoader(Sentences(), batch_size=16, shuffle=True, collate_fn=_padded)


def _padded(samples: list[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(samples, batch_first=True)


NAMES = ("cpu", "waiting", "mixed", "copying", "trivial", "skewed", "iterable", "records", "variable")

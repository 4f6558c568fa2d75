"""The rungs of the ceiling ladder, each a little more of the whole: what is measured, and in which order.

All rungs are measured in every round, in an order shuffled anew, so that drift hits them alike.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from .epochs import Epochs
from .source import Source, Turns, _repeated
from .stages import Discarding, WatchedCollate, WatchedMap, WatchedStream, tensors_in
from .steps import Step

CACHED_BATCHES = 10
FEWEST_BATCHES = 3

Measure = Callable[[float], float]


@dataclass
class Rung:
    """One rung.

    Attributes
    ----------
    name : str
    measure : callable
        From about how many seconds to take, to seconds per batch.
    close : callable
    """

    name: str
    measure: Measure
    close: Callable[[], None] = lambda: None


class Alone:
    """The dataset alone: its samples are fetched in this process, batch by batch, and thrown away."""

    def __init__(self, source: Source) -> None:
        self.source = source
        size = source.batch_size
        self._batches: Iterator[Any]
        if source.is_stream:
            samples = _repeated(source.dataset)
            self._batches = (list(islice(samples, size or 1)) for _ in iter(int, 1))
        else:
            indices = _repeated(source.indices)
            self._batches = (self._fetch(batch) for batch in indices)

    def _fetch(self, batch: Any) -> Any:
        dataset = self.source.dataset
        if self.source.batch_size is None:
            return dataset[batch]
        whole = getattr(dataset, "__getitems__", None)
        return whole(batch) if whole else [dataset[index] for index in batch]

    def measure(self, seconds: float) -> float:
        """Fetch for about so long."""
        began, number = time.perf_counter(), 0
        while number < FEWEST_BATCHES or time.perf_counter() - began < seconds:
            next(self._batches)
            number += 1
        return (time.perf_counter() - began) / number


class Cached:
    """The step over ten batches that are there already: what it would reach if data were free."""

    def __init__(self, batches: list[Any], step: Step) -> None:
        self.batches = batches
        self.step = step

    def measure(self, seconds: float) -> float:
        """Run the step for about so long."""
        began, number = time.perf_counter(), 0
        while number < FEWEST_BATCHES or time.perf_counter() - began < seconds:
            self.step(self.batches[number % len(self.batches)])
            number += 1
        return (time.perf_counter() - began) / number


class ToDevice:
    """A step that copies a batch to the accelerator first, and waits until it is there."""

    def __init__(self, step: Step | None = None) -> None:
        self.step = step

    def __call__(self, batch: Any) -> None:
        for tensor in tensors_in(batch):
            tensor.to("cuda", non_blocking=True)
        torch.cuda.synchronize()
        if self.step is not None:
            self.step(batch)


def watched_epochs(source: Source, arguments: dict[str, Any], hang_seconds: float) -> Epochs:
    """Return a loader that hands over the stages of each batch beside it."""
    watched = WatchedStream if source.is_stream else WatchedMap
    made: list[Any] = []

    def wrap(dataset: Any) -> Any:
        made.append(watched(dataset))
        return made[0]

    return Epochs(
        source,
        arguments,
        wrap=wrap,
        collate_fn=lambda samples: samples,
        hang_seconds=hang_seconds,
    )


def in_shuffled_rounds(
    rungs: list[Rung], num_rounds: int, seconds: float, chance: random.Random
) -> Iterator[tuple[int, str, float]]:
    """Measure every rung once a round; yield the round, the rung's name and its seconds per batch."""
    for number in range(num_rounds):
        for rung in chance.sample(rungs, len(rungs)):
            yield number, rung.name, rung.measure(seconds)

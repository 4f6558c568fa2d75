"""Datasets as streams whose epochs have the length that a measurement wants."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset, get_worker_info


class Stream(IterableDataset[Any]):
    """A stream that ends after as many samples as was asked for, persistent workers included.

    Workers hold copies of the dataset that they were started with; the length lies in memory that all of them
    share, and each reads it when its epoch begins.
    """

    def __init__(self) -> None:
        self._num_samples = torch.zeros(1, dtype=torch.int64).share_memory_()

    @property
    def num_samples(self) -> int:
        """Samples of an epoch, over all workers."""
        return int(self._num_samples)

    @num_samples.setter
    def num_samples(self, number: int) -> None:
        self._num_samples.fill_(number)

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        worker, num_workers = (info.id, info.num_workers) if info else (0, 1)
        return islice(self.samples(worker, num_workers), self.num_samples // num_workers)

    def samples(self, worker: int, num_workers: int) -> Iterator[Any]:
        """Yield one worker's samples without end."""
        raise NotImplementedError


class Shards(Stream):
    """A map-style dataset as a stream: worker w of W takes every W-th sample from w on."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        super().__init__()
        self.dataset = dataset

    def samples(self, worker: int, num_workers: int) -> Iterator[Any]:
        """Yield every W-th sample, again and again."""
        size = len(self.dataset)
        index = worker
        while True:
            yield self.dataset[index % size]
            index += num_workers


class Repeated(Stream):
    """The user's own stream, begun anew whenever it ends; how workers share it is its own business."""

    def __init__(self, dataset: IterableDataset[Any]) -> None:
        super().__init__()
        self.dataset = dataset

    def samples(self, worker: int, num_workers: int) -> Iterator[Any]:
        """Yield what the user's stream yields.

        Raises
        ------
        ValueError
            The stream is empty: repeating it would never end.
        """
        del worker, num_workers
        while True:
            is_empty = True
            for sample in self.dataset:
                is_empty = False
                yield sample
            if is_empty:
                raise ValueError(f"{type(self.dataset).__name__} yielded no sample")

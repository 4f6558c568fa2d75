"""What the user's Dataset or DataLoader brings along: how it is read, apart from workers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import Any

from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, RandomSampler

from .loading import TargetError, load_object

DEFAULT_BATCH_SIZE = 16
WORKER_ARGUMENTS = ("num_workers", "prefetch_factor", "persistent_workers", "pin_memory", "in_order")


@dataclass
class Source:
    """A dataset with everything of its DataLoader that a change of workers must leave alone.

    Attributes
    ----------
    indices : iterable or None
        Batches of indices (single ones where `batch_size` is None); None for a stream.
    given : dict or None
        The worker arguments of the user's own DataLoader; None where a Dataset was named.
    """

    dataset: Any
    batch_size: int | None
    indices: Any = None
    collate_fn: Callable[[Any], Any] | None = None
    drop_last: bool = False
    worker_init_fn: Callable[[int], Any] | None = None
    timeout: float = 0
    given: dict[str, Any] | None = None

    @property
    def is_stream(self) -> bool:
        """Whether workers read it by themselves."""
        return isinstance(self.dataset, IterableDataset)

    @property
    def num_batches(self) -> int | None:
        """Batches of an epoch, None where nobody knows."""
        try:
            if self.indices is not None:
                return len(self.indices)
            return -(-len(self.dataset) // (self.batch_size or 1))
        except TypeError:
            return None


def is_data(found: object) -> bool:
    """Whether an object is taken as it is rather than called."""
    return isinstance(found, Dataset | DataLoader) or (
        not isinstance(found, type) and hasattr(found, "__getitem__") and hasattr(found, "__len__")
    )


def load_source(text: str) -> Source:
    """Return what a text names.

    Raises
    ------
    TargetError
        It is neither a Dataset nor a DataLoader, or it is empty.
    """
    found = load_object(text, is_data)
    if isinstance(found, DataLoader):
        return _from_loader(found)
    return _from_dataset(found, text)


def _from_dataset(dataset: Any, text: str) -> Source:
    if isinstance(dataset, IterableDataset):
        return Source(dataset, DEFAULT_BATCH_SIZE)
    if isinstance(dataset, str | bytes) or not hasattr(dataset, "__getitem__"):
        kind = type(dataset).__name__
        raise TargetError(f"{text} is {kind}: a Dataset, an IterableDataset or a DataLoader is wanted")
    if not hasattr(dataset, "__len__") or len(dataset) == 0:
        raise TargetError(f"{text}: a Dataset with a length above 0 is wanted")
    indices = BatchSampler(RandomSampler(dataset), DEFAULT_BATCH_SIZE, drop_last=False)
    return Source(dataset, DEFAULT_BATCH_SIZE, indices)


def _from_loader(loader: Any) -> Source:
    given = {name: getattr(loader, name) for name in WORKER_ARGUMENTS if hasattr(loader, name)}
    context = loader.multiprocessing_context
    given["multiprocessing_context"] = context.get_start_method() if context is not None else None
    is_stream = isinstance(loader.dataset, IterableDataset)
    return Source(
        loader.dataset,
        loader.batch_size if loader.batch_sampler is None else _size(loader),
        None if is_stream else loader.batch_sampler or loader.sampler,
        loader.collate_fn,
        bool(loader.drop_last),
        loader.worker_init_fn,
        loader.timeout,
        given,
    )


def _size(loader: Any) -> int:
    """Return the batch size; of a batch sampler without one, the size of its first batch."""
    size = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
    return int(size) if size else max(1, len(next(iter(loader.batch_sampler))))


class Turns:
    """A sampler that goes on where its last epoch stopped, for as many batches as the epoch is to have."""

    def __init__(self, indices: Any) -> None:
        self.num_batches = 0
        self.seconds = self.cpu_seconds = 0.0  # in which the user's own sampler drew
        self._endless = _repeated(indices)

    def __iter__(self) -> Iterator[Any]:
        num_sent = 0
        while num_sent < self.num_batches:  # asked each time: an epoch may be cut short
            begun, begun_cpu = perf_counter(), thread_time()
            drawn = next(self._endless)
            self.seconds += perf_counter() - begun
            self.cpu_seconds += thread_time() - begun_cpu
            yield drawn
            num_sent += 1

    def __len__(self) -> int:
        return self.num_batches


def _repeated(indices: Any) -> Iterator[Any]:
    while True:
        is_empty = True
        for batch in indices:
            is_empty = False
            yield batch
        if is_empty:
            raise TargetError("the sampler yields no index: an epoch would be empty")

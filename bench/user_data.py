"""The user's own Dataset or DataLoader, named as `FILE.py:NAME`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from bench.streams import Repeated
from diagnostics.ladder.child.torch_checkup_lab import loading
from diagnostics.ladder.child.torch_checkup_lab.loading import TargetError as UserDataError
from diagnostics.ladder.child.torch_checkup_lab.loading import is_target as is_user_data

__all__ = ["UserData", "UserDataError", "is_user_data", "load", "load_object", "tensors_in"]

DEFAULT_BATCH_SIZE = 16
MOST_OWN_BATCHES = 10_000  # of a sampler's, which may go on for ever


@dataclass(frozen=True)
class UserData:
    """A dataset, a stream as `Stream`, with the DataLoader arguments that it came with.

    Where a DataLoader makes batches by itself (`batch_sampler`, `batch_size=None`), each of them is a sample.
    """

    dataset: Dataset[Any]
    batch_size: int = DEFAULT_BATCH_SIZE
    collate_fn: Callable[[list[Any]], Any] | None = None


def load(text: str) -> UserData:
    """Import a file by its path and take an object from it.

    Parameters
    ----------
    text : str
        `FILE.py:NAME`; NAME is a Dataset, a DataLoader, or a function without arguments that returns one.

    Raises
    ------
    UserDataError
        The file or the name is not there, or is none of these.
    """
    return of_loaded(load_object(text), text)


def load_object(text: str) -> object:
    """Import a file by its path, and return an object of it, or what a function of it returns.

    Raises
    ------
    UserDataError
        The file or the name is not there.
    """
    return loading.load_object(text, lambda found: isinstance(found, Dataset | DataLoader))


def of_loaded(found: object, text: str) -> UserData:
    """Return how a Dataset or DataLoader that was named by a text is read.

    Raises
    ------
    UserDataError
        It is neither, or it is empty.
    """
    batch_size: int | None
    if isinstance(found, DataLoader):
        dataset, batch_size, collate_fn = found.dataset, found.batch_size, found.collate_fn
    else:
        dataset, batch_size, collate_fn = found, DEFAULT_BATCH_SIZE, None
    if isinstance(dataset, IterableDataset):
        if batch_size is None:
            return UserData(Repeated(dataset), 1, TheOnly(collate_fn))
        return UserData(Repeated(dataset), batch_size, collate_fn)
    if isinstance(dataset, str | bytes) or not hasattr(dataset, "__getitem__"):
        raise UserDataError(f"{text} is {type(dataset).__name__}; expected a Dataset, map-style or iterable")
    if isinstance(found, DataLoader) and batch_size is None:
        return _own_batches(found, text)
    if not hasattr(dataset, "__len__") or len(dataset) == 0:
        raise UserDataError(f"{text}: expected a Dataset with a length above 0")
    return UserData(dataset, batch_size or DEFAULT_BATCH_SIZE, collate_fn)


def _own_batches(loader: DataLoader[Any], text: str) -> UserData:
    keys = list(islice(loader.batch_sampler or loader.sampler, MOST_OWN_BATCHES))
    if not keys:
        raise UserDataError(f"{text}: its sampler yields no batch")
    batches = OwnBatches(loader.dataset, keys, loader.batch_sampler is not None)
    return UserData(batches, 1, TheOnly(loader.collate_fn))


class OwnBatches(Dataset[Any]):
    """The batches that a DataLoader's own sampler chooses, one an index.

    Parameters
    ----------
    dataset : Dataset
    keys : list
        What the sampler yields.
    is_batched : bool
        Whether a key is a list of indices, rather than what the dataset itself makes a batch of.
    """

    def __init__(self, dataset: Dataset[Any], keys: list[Any], is_batched: bool) -> None:
        self.dataset, self.keys, self.is_batched = dataset, keys, is_batched

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> Any:
        key = self.keys[index]
        if not self.is_batched:
            return self.dataset[key]
        if hasattr(self.dataset, "__getitems__"):
            return self.dataset.__getitems__(key)
        return [self.dataset[one] for one in key]


class TheOnly:
    """A collate function for batches of one, which is a batch already."""

    def __init__(self, collate_fn: Callable[[Any], Any]) -> None:
        self.collate_fn = collate_fn

    def __call__(self, batch: list[Any]) -> Any:
        """Return what the DataLoader's own collate function makes of it."""
        [only] = batch
        return self.collate_fn(only)


def tensors_in(batch: object) -> Iterator[Tensor]:
    """Walk through a batch of nested dictionaries, lists and tuples."""
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, Mapping):
        for inner in batch.values():
            yield from tensors_in(inner)
    elif isinstance(batch, list | tuple):
        for inner in batch:
            yield from tensors_in(inner)

"""The user's own Dataset or DataLoader, named as `FILE.py:NAME`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from bench.streams import Repeated
from diagnostics.ladder.child.torch_checkup_lab import loading
from diagnostics.ladder.child.torch_checkup_lab.loading import TargetError as UserDataError
from diagnostics.ladder.child.torch_checkup_lab.loading import is_target as is_user_data

__all__ = ["UserData", "UserDataError", "is_user_data", "load", "load_object", "tensors_in"]

DEFAULT_BATCH_SIZE = 16


@dataclass(frozen=True)
class UserData:
    """A dataset, a stream as `Stream`, with the DataLoader arguments that it came with."""

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
    return _as_user_data(load_object(text), text)


def load_object(text: str) -> object:
    """Import a file by its path, and return an object of it, or what a function of it returns.

    Raises
    ------
    UserDataError
        The file or the name is not there.
    """
    return loading.load_object(text, lambda found: isinstance(found, Dataset | DataLoader))


def _as_user_data(found: object, text: str) -> UserData:
    if isinstance(found, DataLoader):
        if found.batch_size is None:
            raise UserDataError(f"{text}: a DataLoader with a batch_size is wanted")
        dataset, batch_size, collate_fn = found.dataset, found.batch_size, found.collate_fn
    else:
        dataset, batch_size, collate_fn = found, DEFAULT_BATCH_SIZE, None
    if isinstance(dataset, IterableDataset):
        return UserData(Repeated(dataset), batch_size, collate_fn)
    if isinstance(dataset, str | bytes) or not hasattr(dataset, "__getitem__"):
        raise UserDataError(
            f"{text} is {type(dataset).__name__}: a Dataset, map-style or iterable, is wanted"
        )
    if not hasattr(dataset, "__len__") or len(dataset) == 0:
        raise UserDataError(f"{text}: a Dataset with a length above 0 is wanted")
    return UserData(dataset, batch_size, collate_fn)


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

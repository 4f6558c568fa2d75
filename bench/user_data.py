"""The user's own Dataset or DataLoader, named as `FILE.py:NAME`."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from bench.streams import Repeated

DEFAULT_BATCH_SIZE = 16


class UserDataError(ValueError):
    """What was named cannot be measured; the message says what is wrong and what is expected."""


@dataclass(frozen=True)
class UserData:
    """A dataset, a stream as `Stream`, with the DataLoader arguments that it came with."""

    dataset: Dataset[Any]
    batch_size: int = DEFAULT_BATCH_SIZE
    collate_fn: Callable[[list[Any]], Any] | None = None


def is_user_data(text: str) -> bool:
    """Whether a text names an object in a file."""
    file, colon, name = text.rpartition(":")
    return bool(colon) and file.endswith(".py") and name.isidentifier()


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
    if not is_user_data(text):
        raise UserDataError(f"{text!r}: FILE.py:NAME is wanted, like train.py:make_dataset")
    file, _, name = text.rpartition(":")
    module = _import(Path(file))
    if not hasattr(module, name):
        known = sorted(key for key, value in vars(module).items() if _may_be_data(value, module))
        raise UserDataError(f"{file} has no {name!r}; it has {', '.join(known) or 'nothing like it'}")
    found = getattr(module, name)
    return found() if _is_function(found) else found


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


def _is_function(found: object) -> bool:
    return callable(found) and not isinstance(found, Dataset | DataLoader)


def _may_be_data(value: object, module: ModuleType) -> bool:
    """Whether a name in the user's file is worth offering: what the file itself defines."""
    own = getattr(value, "__module__", None) == module.__name__
    return isinstance(value, Dataset | DataLoader) or (own and _is_function(value))


def _import(path: Path) -> ModuleType:
    """Import under the file's own name, so that spawned workers, which inherit sys.path, find it again."""
    if not path.is_file():
        raise UserDataError(f"{path}: there is no such file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if path.stem in sys.modules:
        return sys.modules[path.stem]
    spec = spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


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

"""What reached a loop, and what ended a process: which exception of a worker is the one that matters."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.watch.records import Record

_TORCHS = re.compile(r"^(?:__main__|torch\.utils\.data\.dataset)\.")  # says nothing that the class does not


@dataclass(frozen=True)
class Failure:
    """An exception that a loop was given in place of a batch.

    Attributes
    ----------
    pid : int
        The process that reads.
    error, traceback : str
        As the reader saw it; the traceback is "" of all but the first ones.
    batch, expected : int or None
        How many batches of the epoch the loop had been given, and of how many.
    task : int or None
        The number of the batch in whose stead a worker has sent the exception.
    workers : tuple of int
        The iterator's.
    place : str
        Where the user's code reads the loader.
    dataset : str
        The name of the loader's dataset.
    """

    at: int
    pid: int
    error: str
    traceback: str = ""
    batch: int | None = None
    expected: int | None = None
    task: int | None = None
    workers: tuple[int, ...] = ()
    is_main_thread: bool = True
    place: str = ""
    dataset: str = ""

    @property
    def sentence(self) -> str:
        """One line of evidence: which loader of which loop, and after how many batches."""
        dataset = f", from the DataLoader of {self.dataset}" if self.dataset else ""
        where = f" at {self.place}" if self.place else ""
        return f"the loop{where} was given {self.error}{dataset}{self._after}"

    @property
    def _after(self) -> str:
        if self.batch is None:
            return ""
        of = f" of {self.expected}" if self.expected else ""
        return f", after {self.batch}{of} batch{'' if (self.expected or self.batch) == 1 else 'es'}"


@dataclass(frozen=True)
class Ending:
    """How a process that loaded data came to its end by itself.

    Attributes
    ----------
    error : str
        The exception that left the program; "" where none did.
    is_loaders : bool
        Whether it, or one that it followed from, came out of a DataLoader.
    place : str
        The last of its places that is no library's.
    """

    at: int
    pid: int
    error: str = ""
    traceback: str = ""
    is_loaders: bool = False
    place: str = ""


def _failure(main: Record, event: Mapping[str, Any]) -> Failure:
    arguments = next((use.arguments for use in main.loaders if use.number == event.get("loader")), {})
    return Failure(
        event["at"],
        main.pid,
        event.get("error", ""),
        event.get("traceback", ""),
        event.get("batch"),
        event.get("expected"),
        event.get("task"),
        tuple(event.get("workers", ())),
        event.get("is_main_thread", True),
        event.get("place", ""),
        _TORCHS.sub("", str(arguments.get("dataset", ""))),
    )


def find_failures(mains: Iterable[Record]) -> list[Failure]:
    """Return what all loops were given in place of batches, in its order in time."""
    found = (_failure(main, event) for main in mains for event in main.having("failed"))
    return sorted(found, key=lambda one: one.at)


def find_endings(mains: Iterable[Record]) -> list[Ending]:
    """Return how the processes that read batches have ended; where none did, how all have."""
    everyone = list(mains)
    readers = [main for main in everyone if main.loaders] or everyone
    found = (
        Ending(
            event["at"],
            main.pid,
            event.get("error") or "",
            event.get("traceback", ""),
            event.get("is_loaders", False),
            event.get("place", ""),
        )
        for main in readers
        for event in main.having("ended")
    )
    return sorted(found, key=lambda one: one.at)


def deciding(failures: Sequence[Failure], endings: Sequence[Ending]) -> list[Failure]:
    """Return the failures that may have ended the run.

    The last of each process that one has ended; else all, unless it is known to have ended otherwise.
    """
    if is_elsewhere(failures, endings):
        return []
    ended = {one.pid for one in endings if one.is_loaders}
    last = {one.pid: one for one in failures if one.pid in ended}
    return sorted(last.values(), key=lambda one: one.at) or list(failures)


def is_elsewhere(failures: Sequence[Failure], endings: Sequence[Ending]) -> bool:
    """Tell whether what ended the processes came out of no DataLoader."""
    errors = [one for one in endings if one.error]
    is_handed_on = any(not one.is_main_thread for one in failures)  # a thread reads: its words are elsewhere
    return bool(errors) and not any(one.is_loaders for one in errors) and not is_handed_on


def unprinted(tracebacks: Iterable[str], text: str) -> Iterator[str]:
    """Yield those whose last line a text does not have yet."""
    for traceback in tracebacks:
        last = traceback.strip().rpartition("\n")[2]
        if last and last not in text:
            text += traceback
            yield traceback

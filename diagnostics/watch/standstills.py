"""Tells a program in which nothing moves though no batch is asked for: a lock, a queue, another machine."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import psutil

from diagnostics.sources import attempt
from diagnostics.watch.records import NANO, Record
from diagnostics.watch.stacks import Stack, read_stacks

LOOKS = 10  # in the time after which it is told: a look at all processes costs milliseconds
SHORTEST_PAUSE_SECONDS = 1.0
SLEPT_PAUSES = 3
BUSY_SHARE, BUSY_SECONDS = 0.02, 0.03  # of a core between two looks: what only waits wakes up now and then


@dataclass(frozen=True)
class Usage:
    """What processes have used of the machine so far: seconds of CPU, bytes read and written."""

    cpu_seconds: float
    num_bytes: int


@dataclass(frozen=True)
class Standstill:
    """A program that does nothing at all, outside of its loaders.

    Attributes
    ----------
    mains : tuple of Record
        The processes that have read batches.
    seconds : float
        Since when nothing has moved.
    stacks : tuple of Stack
        Where these processes stand.
    """

    mains: tuple[Record, ...]
    seconds: float
    stacks: tuple[Stack, ...] = ()

    @property
    def place(self) -> str:
        """Where the first of them stands; "" where that could not be seen."""
        return next((stack.place for stack in self.stacks if stack.place), "")


def usage_of(records: Sequence[Record]) -> Usage:
    """Return what processes and all that they started have used."""
    family = {record.pid: psutil.Process(record.pid) for record in records if psutil.pid_exists(record.pid)}
    for record in records:
        children = attempt(lambda pid=record.pid: psutil.Process(pid).children(recursive=True))  # type: ignore[misc]
        family.update({child.pid: child for child in children or ()})
    seconds, num_bytes = 0.0, 0
    for process in family.values():
        times = attempt(process.cpu_times)
        seconds += times.user + times.system if times else 0.0
        counters = attempt(process.io_counters) if hasattr(process, "io_counters") else None
        if counters and hasattr(counters, "read_chars"):
            num_bytes += counters.read_chars + counters.write_chars
    return Usage(seconds, num_bytes)


@dataclass
class StandstillWatch:
    """Compares what the processes have done, and used, from look to look."""

    after_seconds: float
    usage: Callable[[Sequence[Record]], Usage] = usage_of
    first: Standstill | None = None
    _looked: int = 0
    _moved: int = 0
    _progress: object = None
    _used: Usage = field(default_factory=lambda: Usage(0.0, 0))
    _is_told: bool = False

    def look(self, records: Sequence[Record], now: int | None = None) -> Standstill | None:
        """Return a standstill that was not told before.

        Parameters
        ----------
        records : sequence of Record
            Of living processes.
        now : int, optional
            Nanoseconds of the monotonic clock.
        """
        now = time.monotonic_ns() if now is None else now
        pause = max(SHORTEST_PAUSE_SECONDS, self.after_seconds / LOOKS)
        if now - self._looked < pause * NANO:
            return None
        mains = tuple(one for one in records if not one.is_worker and one.loaders)
        has_slept = now - self._looked > SLEPT_PAUSES * pause * NANO  # we were stopped, and so was it
        if self._has_moved(records, mains, now) or has_slept:
            self._moved, self._is_told = now, False
        self._looked = now
        seconds = (now - self._moved) / NANO
        if self._is_told or seconds < self.after_seconds:
            return None
        self._is_told = True
        found = Standstill(mains, seconds)
        self.first = self.first or replace(found, stacks=tuple(read_stacks(mains)))
        return self.first

    def _has_moved(self, records: Sequence[Record], mains: tuple[Record, ...], now: int) -> bool:
        """Tell whether anything has got on since the last look; a batch that is asked for is a loader's."""
        progress = tuple(sorted((one.pid, *one.progress) for one in records))
        used, before = self.usage(mains), self._used
        is_same = progress == self._progress and used.num_bytes == before.num_bytes
        self._progress, self._used = progress, used
        waits = any(loader.counters["waiting_since"] for main in mains for loader in main.loaders)
        allowed = max(BUSY_SECONDS, BUSY_SHARE * (now - self._looked) / NANO)
        return not mains or waits or not is_same or used.cpu_seconds - before.cpu_seconds > allowed

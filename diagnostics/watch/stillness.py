"""Since when a program does nothing at all: no process of it computes, reads or writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from diagnostics.sources import attempt
from diagnostics.watch.records import NANO, Record

BUSY_SHARE, BUSY_SECONDS = 0.02, 0.03  # of a core between two looks: what only waits wakes up now and then


@dataclass(frozen=True)
class Usage:
    """What processes have used of the machine so far: seconds of CPU, bytes read and written."""

    cpu_seconds: float = 0.0
    num_bytes: int = 0


def usage_of(records: Sequence[Record]) -> Usage:
    """Return what processes and all that they started have used."""
    family = {record.pid: psutil.Process(record.pid) for record in records if psutil.pid_exists(record.pid)}
    for process in list(family.values()):
        children = attempt(lambda process=process: process.children(recursive=True))  # type: ignore[misc]
        family.update({child.pid: child for child in children or ()})
    seconds, num_bytes = 0.0, 0
    for process in family.values():
        times = attempt(process.cpu_times)
        seconds += times.user + times.system if times else 0.0
        counters = attempt(process.io_counters) if hasattr(process, "io_counters") else None
        if counters and hasattr(counters, "read_chars"):
            num_bytes += counters.read_chars + counters.write_chars  # of what is done
            num_bytes += counters.read_bytes + counters.write_bytes  # of what is under way, or mapped
    return Usage(seconds, num_bytes)


@dataclass
class Stillness:
    """Compares what processes have used from look to look; a look at all of them costs milliseconds.

    Attributes
    ----------
    pause_seconds : float
        Between two looks.
    since, looked : int
        Nanoseconds: of the last look that saw them do something, and of the last look.
    """

    pause_seconds: float
    usage: Callable[[Sequence[Record]], Usage] = usage_of
    since: int = 0
    looked: int = 0
    _used: Usage = Usage()

    def look(self, mains: Sequence[Record], now: int) -> None:
        """Look again, unless that was done a moment ago."""
        seconds = (now - self.looked) / NANO
        if seconds < self.pause_seconds:
            return
        used, before = self.usage(mains), self._used
        is_busy = used.cpu_seconds - before.cpu_seconds > max(BUSY_SECONDS, BUSY_SHARE * seconds)
        if is_busy or used.num_bytes != before.num_bytes:
            self.since = now
        self._used, self.looked = used, now

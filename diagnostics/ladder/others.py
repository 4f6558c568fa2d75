"""What other processes took of the processors while we measured: more workers take it from them."""

import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

LEAST_CORES = 0.3  # below that nothing is said
_IDLE = ("idle", "iowait")
_TWICE = ("guest", "guest_nice")  # Linux counts these in user and nice too


@dataclass(frozen=True)
class Usage:
    """Clocks of one moment, in seconds.

    Attributes
    ----------
    at : float
        On the wall.
    everyone : float
        Processor time that anybody used, and that the host took, over all cores.
    own : float
        Of this process and of those below it.
    """

    at: float
    everyone: float
    own: float

    @classmethod
    def now(cls) -> "Usage":
        """Read them."""
        times = psutil.cpu_times()._asdict()
        busy = sum(value for name, value in times.items() if name not in _IDLE + _TWICE)
        return cls(time.monotonic(), busy, _own_seconds())


def _own_seconds() -> float:
    """Add up this process' tree; what has ended is in its parent's account once that has waited for it."""
    own, total = psutil.Process(), 0.0
    for process in [own, *own.children(recursive=True)]:
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def cores_between(before: Usage, after: Usage) -> float:
    """Return the processors that others kept busy, on average."""
    elapsed = max(after.at - before.at, 1e-9)
    return max(0.0, (after.everyone - before.everyone) - (after.own - before.own)) / elapsed


def note(before: Usage, after: Usage) -> str:
    """Return a sentence where others took enough to matter, "" otherwise."""
    cores = cores_between(before, after)
    if cores < LEAST_CORES:
        return ""
    return (
        f"other processes used {cores:.1f} processors meanwhile: more workers then win by taking these, so "
        "measure again on a quiet machine."
    )

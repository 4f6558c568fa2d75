"""What a watched command uses of what may run out, seen from outside."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from diagnostics.cgroups import group_directories
from diagnostics.sources import attempt, read_text

EVENT_FILES = {"": "memory.events", "memory": "memory.oom_control"}
SHORTEST_PAUSE_SECONDS = 0.5
COST_TIMES = 100  # reading USS walks page tables: at most one percent of one core goes into it
FREE_READINGS = 8  # at first, whatever they cost: a loop of few seconds is over soon
MOST_READINGS = 128
MOST_WATCHED = 2  # workers of one loader grow alike


def oom_kills(root: Path = Path("/")) -> int | None:
    """Return how many processes the kernel has killed in this control group for want of memory."""
    counts = []
    for controller, name in EVENT_FILES.items():
        for group in group_directories(root, controller)[:1]:
            found = re.search(r"^oom_kill (\d+)", read_text(group / name) or "", re.MULTILINE)
            counts.extend([int(found[1])] if found else [])
    return sum(counts) if counts else None


@dataclass
class Growth:
    """Readings of a process' own memory (USS), thinned out as they become many."""

    seconds: list[float] = field(default_factory=list)
    uss_bytes: list[int] = field(default_factory=list)

    def add(self, at: float, uss_bytes: int) -> None:
        """Add a reading."""
        self.seconds.append(at)
        self.uss_bytes.append(uss_bytes)
        if len(self.seconds) > MOST_READINGS:
            del self.seconds[1::2], self.uss_bytes[1::2]


class Resources:
    """Memory of each watched process over time, and kills of the kernel since the start."""

    def __init__(self) -> None:
        self.growths: dict[int, Growth] = {}
        self._kills_before = oom_kills()
        self._next_at = 0.0
        self._num_looks = 0

    @property
    def num_oom_kills(self) -> int | None:
        """Kills in this control group since the start; None where the kernel does not count them."""
        now = oom_kills()
        return None if now is None or self._kills_before is None else max(0, now - self._kills_before)

    def sample(self, pids: Iterable[int]) -> None:
        """Read the memory of the first processes, unless that was done a moment ago or costs too much."""
        begun, cpu_begun = time.monotonic(), time.thread_time()
        if begun < self._next_at:
            return
        watched = list(pids)[:MOST_WATCHED]
        for pid in watched:
            memory = attempt(lambda pid=pid: psutil.Process(pid).memory_full_info())  # type: ignore[misc]
            uss_bytes = getattr(memory, "uss", None)
            if uss_bytes:  # one that is ending holds none
                self.growths.setdefault(pid, Growth()).add(begun, uss_bytes)
        self._num_looks += bool(watched)
        spent = time.thread_time() - cpu_begun if self._num_looks > FREE_READINGS else 0.0
        self._next_at = begun + max(SHORTEST_PAUSE_SECONDS, COST_TIMES * spent)

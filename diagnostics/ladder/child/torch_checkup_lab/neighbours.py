"""What other processes do to this one: usable processors, and whether the data compete for memory."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

SCRIPT = str(Path(__file__).with_name("antagonist.py"))
LONGEST_SECONDS = 30.0  # an antagonist ends by itself, should nobody be left to end it
ROUNDS = 4
MEMORY_ROUNDS = 5


def num_cores() -> int:
    """Return the processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _neighbour(kind: str, seconds: float) -> Iterator[Any]:
    """Yield a process that is ready, and begins when it is told to."""
    command = [sys.executable, "-S", SCRIPT, kind, str(seconds)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def _go(process: Any) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def _loops(number: int, seconds: float) -> float:
    """Return how many loops so many processes make together."""
    with ExitStack() as stack:
        running = [stack.enter_context(_neighbour("spin", seconds)) for _ in range(number)]
        for process in running:
            _go(process)
        return sum(float(process.stdout.readline() or 0) for process in running)


def usable_cores(seconds: float, beat: Callable[[], None]) -> float:
    """Return how many processors work at once here, measured against one alone in the same moments."""
    number = num_cores()
    if number == 1:
        return 1.0
    ratios = []
    for _ in range(ROUNDS):
        one = _loops(1, seconds)
        ratios.append(_loops(number, seconds) / max(1.0, one))
        beat()
    return max(1.0, min(sorted(ratios)[-2], float(number)))


def memory_slowdown(work: Callable[[], float], beat: Callable[[], None]) -> float:
    """Return how much slower work becomes beside a copier of memory than beside a computer of nothing.

    Parameters
    ----------
    work : callable
        Does the same each time and returns its seconds of CPU.
    """
    ratios = []
    for _ in range(MEMORY_ROUNDS):
        times = {}
        for kind in ("spin", "stream"):
            with _neighbour(kind, LONGEST_SECONDS) as process:
                _go(process)
                work()
                times[kind] = work()
                beat()
        ratios.append(times["stream"] / max(times["spin"], 1e-9))
    return sorted(ratios)[len(ratios) // 2]

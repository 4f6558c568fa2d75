"""The reference: three small things whose speed tells drift of the machine from a change of the measured."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

import psutil
import torch

from bench.clocks import Call

MATRIX_SIDE = 256  # 33.6 Mflop: about a millisecond on one core, all in cache
COPY_BYTES = 16 << 20  # beyond the private caches
NUM_ROUND_TRIPS = 50
NUM_REPEATS = 3
ECHO = "import os\nwhile data := os.read(0, 1): os.write(1, data)"


class Reference:
    """One-thread arithmetic, a memory copy, and a round trip through pipes to another process.

    Loader workers live by these three: they compute, move memory, and wake each other up.
    """

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.matrix = torch.rand(MATRIX_SIDE, MATRIX_SIDE, generator=generator)
        self.source = torch.rand(COPY_BYTES // 4, generator=generator)
        self.target = torch.empty_like(self.source)
        self.echo = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.cores = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else []
        if len(self.cores) > 1:
            psutil.Process(self.echo.pid).cpu_affinity(self.cores[1:2])

    def measure(self) -> dict[str, float]:
        """Median of three: seconds of a 256 x 256 product, of copying 16 MiB, of one round trip."""
        num_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return {
                "arithmetic_seconds": _median_seconds(lambda: self.matrix @ self.matrix),
                "copy_seconds": _median_seconds(lambda: self.target.copy_(self.source)),
                "pipe_seconds": self._pipe_seconds(),
            }
        finally:
            torch.set_num_threads(num_threads)

    def close(self) -> None:
        """End the echoing process: it stops when its input does."""
        self.echo.communicate()

    def _pipe_seconds(self) -> float:
        """Time round trips between two cores: left alone, both ends are on one or on two, 7 times as slow."""
        with _on_first(self.cores):
            return _median_seconds(self._round_trips) / NUM_ROUND_TRIPS

    def _round_trips(self) -> None:
        assert self.echo.stdin is not None
        assert self.echo.stdout is not None
        there, back = self.echo.stdin.fileno(), self.echo.stdout.fileno()
        for _ in range(NUM_ROUND_TRIPS):
            os.write(there, b"x")
            os.read(back, 1)


@contextmanager
def _on_first(cores: list[int]) -> Iterator[None]:
    """Keep this process on the first of several cores for a while."""
    if len(cores) < 2:
        yield
        return
    process = psutil.Process()
    process.cpu_affinity(cores[:1])
    try:
        yield
    finally:
        process.cpu_affinity(cores)


def _median_seconds(call: Call) -> float:
    call()
    return median(_seconds(call) for _ in range(NUM_REPEATS))


def _seconds(call: Call) -> float:
    starts = perf_counter()
    call()
    return perf_counter() - starts

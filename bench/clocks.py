"""Clocks: how long calls take on a device."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol

import torch

Call = Callable[[], object]


class Clock(Protocol):
    """Times calls one after another on one device."""

    def time(self, calls: Sequence[Call], num_repeats: int) -> list[float]:
        """Seconds per call for each of `calls`, each repeated `num_repeats` times in a row."""


class WallClock:
    """For the CPU: a call has ended when it returns."""

    def time(self, calls: Sequence[Call], num_repeats: int) -> list[float]:
        """Seconds per call, by the performance counter."""
        return [self._one(call, num_repeats) for call in calls]

    def _one(self, call: Call, num_repeats: int) -> float:
        starts = perf_counter()
        for _ in range(num_repeats):
            call()
        return (perf_counter() - starts) / num_repeats


class EventClock:
    """For CUDA: a pair of events around each call and one synchronize at the end.

    Before each timed group a buffer of the size of the L2 cache is zeroed, so that inputs come from memory
    (cold) rather than from what the call before left in the cache.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        l2_bytes = torch.cuda.get_device_properties(device).L2_cache_size
        self.flush = torch.empty(max(l2_bytes, 1 << 20), dtype=torch.int8, device=device)

    def time(self, calls: Sequence[Call], num_repeats: int) -> list[float]:
        """Seconds per call, by the device's own clock."""
        pairs = [self._record(call, num_repeats) for call in calls]
        torch.cuda.synchronize(self.device)
        return [begin.elapsed_time(end) / 1e3 / num_repeats for begin, end in pairs]

    def _record(self, call: Call, num_repeats: int) -> tuple[torch.cuda.Event, torch.cuda.Event]:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.flush.zero_()
        begin.record()
        for _ in range(num_repeats):
            call()
        end.record()
        return begin, end


def clock_for(device: torch.device) -> Clock:
    """Return the clock that is right for a device."""
    return EventClock(device) if device.type == "cuda" else WallClock()

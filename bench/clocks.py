"""Clocks: how long calls take on a device, the calls of many rounds in one go.

The rules for CUDA are those of triton.testing.do_bench: warm up, events around each launch, one synchronize
at the end, a flushed L2 where cold is meant, graph replay where launches dominate.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any, Protocol

import torch
from torch import Tensor

from bench.graphs import captured, without_warnings

Call = Callable[[], object]

DOMINATED = 0.5  # of a call's time on the device spent on issuing it: then the host's speed is measured
SETTLED_SHARE, SETTLED_NUM = 0.02, 5  # clocks are up when so many readings in a row lie so close together
SETTLE_SECONDS = 0.3  # the longest wait: a GPU that is throttled never settles
SETTLE_LAUNCHES = 20
ISSUED_LAUNCHES, ISSUED_LOOKS = 3, 5  # few at once: a full queue of launches would make the host wait
MIN_ROUND_SECONDS = 0.002  # of the CPU: a shorter round would be timed by the scheduler's whims
SMALLEST_FLUSH_BYTES = 1 << 20
EVENT_SECONDS = 0.5e-6  # what events resolve (CUDA's documentation of cudaEventElapsedTime)
CYCLES_PER_SECOND = 2e9  # of a GPU, about
HEAD_START_SECONDS = 50e-6  # longer than issuing a launch and its events takes
HEAD_START_FACTOR = 2.0  # over the time that issuing a call of many launches takes


class Clock(Protocol):
    """Times the calls of many rounds on one device.

    Attributes
    ----------
    round_seconds : float
        The least that a call of a round should take, repeats together.
    is_replay : bool
        Whether graphs of the calls are replayed.
    """

    round_seconds: float
    is_replay: bool

    def prepare(self, calls: Sequence[Call]) -> list[Call]:
        """Run each of `calls`, and return them as they should be timed."""

    def settle(self, call: Call) -> None:
        """Bring the device to the speed that it keeps under load."""

    def time(self, rounds: Sequence[Sequence[Call]], num_repeats: int) -> list[list[float]]:
        """Seconds per call, each call of a round repeated `num_repeats` times in a row."""

    def launch(self) -> None:
        """Time calls as they were before `prepare` from now on, not graphs of them."""

    def figures(self) -> dict[str, float]:
        """How it was timed."""


class Rotation:
    """One call on several inputs, taken in turn, so that no input's values or addresses decide the result."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = tuple(calls)
        self._turns = count()

    def __call__(self) -> object:
        """Run the next one."""
        return self.calls[next(self._turns) % len(self.calls)]()


class WallClock:
    """For the CPU: a call has ended when it returns."""

    round_seconds = MIN_ROUND_SECONDS
    is_replay = False

    def prepare(self, calls: Sequence[Call]) -> list[Call]:
        """Return the calls as they are."""
        return list(calls)

    def settle(self, call: Call) -> None:
        """Do nothing: a core is up to speed within microseconds."""

    def time(self, rounds: Sequence[Sequence[Call]], num_repeats: int) -> list[list[float]]:
        """Seconds per call, by the performance counter."""
        return [[self._one(call, num_repeats) for call in calls] for calls in rounds]

    def launch(self) -> None:
        """Do nothing: there are no graphs."""

    def figures(self) -> dict[str, float]:
        """Return nothing: there is one way."""
        return {}

    def _one(self, call: Call, num_repeats: int) -> float:
        starts = perf_counter()
        for _ in range(num_repeats):
            call()
        return (perf_counter() - starts) / num_repeats


class EventClock:
    """For CUDA: a pair of events around each launch and one synchronize after the last.

    Parameters
    ----------
    device : torch.device
    is_cold : bool
        Zero a buffer of the size of the L2 cache before every launch, so that inputs come from memory.
    may_replay : bool
        Capture calls as CUDA graphs where issuing them takes the host more than half of their time, unless
        they draw random numbers: then torch launches two kernels more before each replay. What is not
        captured is issued while the device is still busy. Where not allowed, issuing is part of what is
        timed.
    cuda : module
        `torch.cuda`, or what stands for it in a test.
    """

    round_seconds = 0.0  # one launch

    def __init__(
        self, device: torch.device, *, is_cold: bool = True, may_replay: bool = True, cuda: Any = torch.cuda
    ) -> None:
        self.device, self.cuda = device, cuda
        self.may_replay = may_replay
        self.launch_fraction = math.nan
        self.issue_seconds = 0.0  # of the call that takes the host longest
        self.is_replay = self.is_launching = False
        self.flush = flush_buffer(device, flush_bytes(device, cuda)) if is_cold else None

    def prepare(self, calls: Sequence[Call]) -> list[Call]:
        """Warm every call up on a side stream, as a capture wants it; replay all of them, or none.

        What alternates must be timed alike: one call that its launches dominate has all of them replayed, one
        that cannot be captured has none.
        """
        stream = self.cuda.Stream(self.device)
        stream.wait_stream(self.cuda.current_stream(self.device))
        with self.cuda.stream(stream):
            for call in calls:
                for one in members(call):
                    for _ in range(3):
                        one()
        self.cuda.current_stream(self.device).wait_stream(stream)
        self.cuda.synchronize(self.device)
        issued, fractions = zip(*map(self._issue, calls), strict=True)
        self.issue_seconds, self.launch_fraction = max(issued), max(fractions)
        if self.may_replay and self.launch_fraction > DOMINATED and self._can_be_replayed(calls):
            try:
                replayed = [Rotation([self._captured(one) for one in members(call)]) for call in calls]
            except RuntimeError:  # no graph can hold it
                return list(calls)
            self.is_replay = True
            return list(replayed)
        return list(calls)

    def settle(self, call: Call) -> None:
        """Launch until the time per launch holds still: an idle GPU takes milliseconds to raise its clock."""
        deadline = perf_counter() + SETTLE_SECONDS
        seen: list[float] = []
        while not is_settled(seen) and perf_counter() < deadline:
            begin, end = self._record(call, SETTLE_LAUNCHES)
            end.synchronize()
            seen.append(begin.elapsed_time(end))

    def time(self, rounds: Sequence[Sequence[Call]], num_repeats: int) -> list[list[float]]:
        """Seconds per call by the device's own clock: the median of its launches."""
        pairs = [[[self._timed(call) for _ in range(num_repeats)] for call in calls] for calls in rounds]
        self.cuda.synchronize(self.device)
        return [[median(elapsed_seconds(launches)) for launches in calls] for calls in pairs]

    def launch(self) -> None:
        """Time calls as they were before `prepare`, all behind a head start as long as issuing takes."""
        self.is_replay, self.is_launching = False, True

    def figures(self) -> dict[str, float]:
        """Return whether inputs were cold, whether graphs were replayed, and how much issuing took before."""
        return {
            "is_cold": float(self.flush is not None),
            "is_graph_replay": float(self.is_replay),
            "launch_fraction": self.launch_fraction,
        }

    def _timed(self, call: Call) -> tuple[Any, Any]:
        if self.flush is not None:
            self.flush.zero_()
        if self.may_replay:
            self._busy_for_a_while()
        else:  # what is timed with its launch begins on an idle device
            self.cuda.synchronize(self.device)
        return self._record(call, 1)

    def _busy_for_a_while(self) -> None:
        """Let the host get ahead: else the first event passes while the launch is still on its way."""
        is_long = self.is_launching or (self.launch_fraction > DOMINATED and not self.is_replay)
        seconds = max(HEAD_START_SECONDS, HEAD_START_FACTOR * self.issue_seconds if is_long else 0.0)
        with self.cuda.device(self.device):
            self.cuda._sleep(int(CYCLES_PER_SECOND * seconds))

    def _can_be_replayed(self, calls: Sequence[Call]) -> bool:
        """Run calls with synchronizing forbidden, as in a capture; see whether they draw random numbers."""
        before, state = self.cuda.get_sync_debug_mode(), self.cuda.get_rng_state(self.device)
        try:
            with without_warnings():
                self.cuda.set_sync_debug_mode("error")
            for call in calls:
                for one in members(call):
                    one()
        except RuntimeError:
            return False
        finally:
            self.cuda.set_sync_debug_mode(before)
        return torch.equal(state, self.cuda.get_rng_state(self.device))

    def _record(self, call: Call, num_launches: int) -> tuple[Any, Any]:
        stream = self.cuda.current_stream(self.device)
        begin, end = (self.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record(stream)
        for _ in range(num_launches):
            call()
        end.record(stream)
        return begin, end

    def _issue(self, call: Call) -> tuple[float, float]:
        """Host seconds to issue a call, and over its seconds on the device: near 1 where the device waits."""
        seconds, fractions = [], []
        for _ in range(ISSUED_LOOKS):
            starts = perf_counter()
            begin, end = self._record(call, ISSUED_LAUNCHES)
            issued = perf_counter() - starts
            end.synchronize()
            seconds.append(issued / ISSUED_LAUNCHES)
            fractions.append(issued / max(begin.elapsed_time(end) / 1e3, 1e-9))
        return median(seconds), median(fractions)

    def _captured(self, call: Call) -> Call:
        graph, kept = captured(call, self.cuda.Stream(self.device), self.cuda)

        def replay(kept: object = kept) -> object:  # the graph writes to the outputs of its capture
            graph.replay()
            return kept

        return replay


class Timeline:
    """Moments on a device's stream, told on the host's clock after one synchronize.

    Parameters
    ----------
    device : torch.device
    cuda : module
        `torch.cuda`, or what stands for it in a test.
    """

    def __init__(self, device: torch.device, cuda: Any = torch.cuda) -> None:
        self.device, self.cuda = device, cuda
        self.cuda.synchronize(device)
        self.starts = perf_counter()
        self.events: list[Any] = []
        self.add()

    def add(self) -> None:
        """Mark the moment at which the current stream is through with what it was given so far."""
        event = self.cuda.Event(enable_timing=True, blocking=True)  # waiting for it leaves the core alone
        event.record(self.cuda.current_stream(self.device))
        self.events.append(event)

    def read(self) -> list[float]:
        """Seconds of every added moment on the clock of `perf_counter`."""
        self.events[-1].synchronize()  # asleep: to synchronize the device keeps a core busy
        self.cuda.synchronize(self.device)
        first, *others = self.events
        return [self.starts + first.elapsed_time(event) / 1e3 for event in others]


def members(call: Call) -> tuple[Call, ...]:
    """Return the calls of a rotation, or the call itself."""
    return call.calls if isinstance(call, Rotation) else (call,)


@lru_cache
def flush_buffer(device: torch.device, num_bytes: int) -> Tensor:
    """Return what all clocks of a device write to: one for each would fill its memory."""
    return torch.empty(num_bytes, dtype=torch.int8, device=device)


def flush_bytes(device: torch.device, cuda: Any = torch.cuda) -> int:
    """Return the size of the device's L2 cache, or the least that is worth flushing."""
    return max(int(cuda.get_device_properties(device).L2_cache_size), SMALLEST_FLUSH_BYTES)


def elapsed_seconds(pairs: Sequence[tuple[Any, Any]]) -> list[float]:
    """Return the seconds between the two events of each pair; CUDA tells milliseconds.

    What does nothing, such as dropout in evaluation, takes no less than events can tell apart.
    """
    return [max(begin.elapsed_time(end) / 1e3, EVENT_SECONDS) for begin, end in pairs]


def is_settled(readings: Sequence[float]) -> bool:
    """Whether the last readings agree within `SETTLED_SHARE` of their median."""
    last = readings[-SETTLED_NUM:]
    return len(last) == SETTLED_NUM and max(last) - min(last) <= SETTLED_SHARE * median(last)


def clock_for(device: torch.device, *, is_cold: bool = True, may_replay: bool = True) -> Clock:
    """Return the clock that is right for a device."""
    if device.type == "cuda":
        return EventClock(device, is_cold=is_cold, may_replay=may_replay)
    return WallClock()

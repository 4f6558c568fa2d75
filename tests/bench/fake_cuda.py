"""What `torch.cuda` is to a clock: a host that issues, and streams that each run one thing after another."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch

LAUNCH_SECONDS = 5e-6
CYCLES_PER_SECOND = 2e9
FILL_SECONDS = 2e-6


class FakeStream:
    """Work in its order; `busy_until` is when the device has run all of it."""

    def __init__(self, name: str) -> None:
        self.name, self.busy_until = name, 0.0
        self.device = torch.device("cpu")

    def wait_stream(self, other: "FakeStream") -> None:
        self.busy_until = max(self.busy_until, other.busy_until)


class FakeCuda:
    """Host and device time advance only by what is issued here.

    Attributes
    ----------
    now : float
        The host's clock in seconds.
    log : list of str
        Synchronizations and replays in their order.
    """

    def __init__(self, l2_bytes: int = 2**20) -> None:
        self.now = 0.0
        self.log: list[str] = []
        self.l2_bytes = l2_bytes
        self.captured: list[float] | None = None
        self.sync_mode: int | str = 0
        self.num_captures = 0
        self.num_drawn = 0
        self.stream_now = FakeStream("default")
        self.streams = [self.stream_now]

    @property
    def busy_until(self) -> float:
        """When the current stream has run all that it was given."""
        return self.stream_now.busy_until

    @busy_until.setter
    def busy_until(self, seconds: float) -> None:
        self.stream_now.busy_until = seconds

    def perf_counter(self) -> float:
        return self.now

    def issue(self, host_seconds: float, device_seconds: float) -> None:
        """Give the current stream some work; a capture takes it down instead."""
        self.now += host_seconds
        if self.captured is not None:
            self.captured.append(device_seconds)
            return
        self.busy_until = max(self.now, self.busy_until) + device_seconds

    def wait_for(self) -> None:
        """Let the host wait for the current stream, as `.item()` does: an error where that is forbidden."""
        if self.sync_mode == "error" or self.captured is not None:
            raise RuntimeError("called a synchronizing CUDA operation")
        self.now = max(self.now, self.busy_until)

    def get_sync_debug_mode(self) -> int | str:
        return self.sync_mode

    def set_sync_debug_mode(self, mode: int | str) -> None:
        self.sync_mode = mode

    def draw(self) -> None:
        """Take random numbers from the device's generator."""
        self.num_drawn += 1

    def get_rng_state(self, device: Any) -> torch.Tensor:
        return torch.tensor(self.num_drawn)

    def device(self, device: Any) -> Any:
        return contextlib.nullcontext()

    def _sleep(self, cycles: int) -> None:
        self.issue(LAUNCH_SECONDS, cycles / CYCLES_PER_SECOND)

    def Event(self, enable_timing: bool, blocking: bool = False) -> "FakeEvent":  # noqa: N802 - torch's name
        assert enable_timing
        return FakeEvent(self)

    def Stream(self, device: Any) -> FakeStream:  # noqa: N802 - torch's name
        self.streams.append(FakeStream("side"))
        return self.streams[-1]

    def CUDAGraph(self) -> "FakeGraph":  # noqa: N802 - torch's name
        return FakeGraph(self)

    def graph_pool_handle(self) -> Any:
        return object()

    def current_stream(self, device: Any) -> FakeStream:
        return self.stream_now

    @contextlib.contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.stream_now = self.stream_now, stream
        try:
            yield
        finally:
            self.stream_now = before

    @contextlib.contextmanager
    def graph(self, graph: "FakeGraph", pool: Any, stream: Any) -> Iterator[None]:
        self.captured, drawn = graph.work, self.num_drawn
        self.num_captures += 1
        try:
            yield
        finally:
            self.captured = None
            graph.draws = self.num_drawn > drawn

    def synchronize(self, device: Any = None) -> None:
        self.log.append("synchronize")
        self.now = max(self.now, *(stream.busy_until for stream in self.streams))

    def get_device_properties(self, device: Any) -> Any:
        return SimpleNamespace(L2_cache_size=self.l2_bytes, uuid="0123")


class FakeEvent:
    """A moment of a stream."""

    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda, self.at = cuda, float("nan")

    def record(self, stream: FakeStream | None) -> None:
        self.at = max(self.cuda.now, (stream or self.cuda.stream_now).busy_until)

    def synchronize(self) -> None:
        self.cuda.now = max(self.cuda.now, self.at)

    def elapsed_time(self, end: "FakeEvent") -> float:
        return (end.at - self.at) * 1e3


class FakeGraph:
    """Work taken down once, issued as a whole."""

    def __init__(self, cuda: FakeCuda) -> None:
        self.cuda, self.work = cuda, list[float]()
        self.draws = False

    def replay(self) -> None:
        self.cuda.log.append("replay")
        for _ in range(2 if self.draws else 0):  # seed and offset of the generator
            self.cuda.issue(LAUNCH_SECONDS, FILL_SECONDS)
        self.cuda.issue(1e-6, sum(self.work))

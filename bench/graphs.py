"""CUDA graphs: launches recorded once and replayed."""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import torch

Result = TypeVar("Result")
_failed: list[Any] = []  # the allocator goes on asking a graph whose capture failed, until torch 2.12


def captured(work: Callable[[], Result], stream: Any, cuda: Any = torch.cuda) -> tuple[Any, Result]:
    """Record what `work` launches; nothing is computed.

    Parameters
    ----------
    work : callable
        Has been called on this stream before, as a capture wants it, and does not wait for the device.
    stream : torch.cuda.Stream
        Other than the default one.
    cuda : module
        `torch.cuda`, or what stands for it in a test.

    Returns
    -------
    graph : torch.cuda.CUDAGraph
    result : object
        What `work` returned: replays write to the same memory.

    Raises
    ------
    RuntimeError
        No graph can hold it.
    """
    graph, pool = cuda.CUDAGraph(), cuda.graph_pool_handle()
    try:
        return graph, _recorded(graph, pool, work, stream, cuda)
    except RuntimeError:
        _failed.append(graph)
        _end_failed_capture(pool, stream, cuda)
        raise


def _recorded(graph: Any, pool: Any, work: Callable[[], Result], stream: Any, cuda: Any) -> Result:
    # A capture that fails leaves its own stream current: the outer context puts the old one back.
    current = cuda.current_stream(stream.device)
    with (
        without_warnings(),
        _uncollected(),
        _workspace_apart(),
        cuda.stream(current),
        cuda.graph(graph, pool=pool, stream=stream),
    ):
        return work()


def _end_failed_capture(pool: Any, stream: Any, cuda: Any) -> None:
    """End what torch before 2.12 goes on with (github.com/pytorch/pytorch/pull/180395).

    The allocator is told; for the generator a capture that succeeds does it.
    """
    end = getattr(torch._C, "_cuda_endAllocateToPool", None)
    if end is not None and stream.device.type == "cuda":
        with suppress(RuntimeError):  # where it has ended
            end(stream.device.index, pool)
    one = torch.zeros(1, device=stream.device)
    _recorded(cuda.CUDAGraph(), cuda.graph_pool_handle(), lambda: one.add_(1), stream, cuda)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from destroying an older graph meanwhile: that would end the capture."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _workspace_apart() -> Iterator[None]:
    """Have cuBLAS write to memory of the graph's own.

    What it keeps for a stream is freed, from torch 2.12 on, with the first of the stream's graphs, though
    others write there still (github.com/pytorch/pytorch/issues/193402); and there are but 32 streams.
    """
    clear = getattr(torch._C, "_cuda_clearCublasWorkspaces", lambda: None)
    clear()
    try:
        yield
    finally:
        clear()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Be silent where torch says that a mode is a prototype, or a graph empty, as evaluation's may be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

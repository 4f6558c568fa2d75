"""CUDA graphs: launches recorded once and replayed."""

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    graph = cuda.CUDAGraph()
    try:
        return graph, _recorded(graph, work, stream, cuda)
    except RuntimeError:
        _failed.append(graph)
        # Until torch 2.12 a failed capture leaves the generator and the allocator as if it went on
        # (github.com/pytorch/pytorch/pull/180395): one that succeeds ends that for the generator.
        one = torch.zeros(1, device=stream.device)
        _recorded(cuda.CUDAGraph(), lambda: one.add_(1), stream, cuda)
        raise


def _recorded(graph: Any, work: Callable[[], Result], stream: Any, cuda: Any) -> Result:
    # A capture that fails leaves its own stream current: the outer context puts the old one back.
    current = cuda.current_stream(stream.device)
    with without_warnings(), _uncollected(), cuda.stream(current), cuda.graph(graph, stream=stream):
        return work()


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
def without_warnings() -> Iterator[None]:
    """Be silent where torch says that a mode is a prototype, or a graph empty, as evaluation's may be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

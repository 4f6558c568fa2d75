"""CUDA graphs without CUDA: a capture computes nothing, and a replay does all of it in the same memory."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape:
    """Operations in their order, with the tensors that they read and write.

    Attributes
    ----------
    num_replays : int
    is_whole : bool
        Whether its capture came to its end.
    """

    def __init__(self) -> None:
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.num_replays = 0
        self.is_whole = False

    @torch.no_grad()
    def replay(self) -> None:
        self.num_replays += 1
        for function, args, kwargs, outputs in self.operations:
            for new, old in zip(tensors(function(*args, **kwargs)), outputs, strict=True):
                if new.data_ptr() != old.data_ptr():
                    old.copy_(new)


class Recording(TorchDispatchMode):
    """Takes operations down on a tape, and undoes what they write to tensors from before."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape
        self.made: set[int] = set()
        self.before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default}:
            raise RuntimeError("operation not permitted when stream is capturing")
        for written in self.written(func, args):
            place = written.untyped_storage().data_ptr()
            if place not in self.made and place not in self.before:
                size = written.untyped_storage().size() // written.itemsize
                whole = written.detach().as_strided((size,), (1,), 0)
                self.before[place] = whole, whole.clone()
        result = func(*args, **kwargs)
        self.made |= {one.untyped_storage().data_ptr() for one in tensors(result)} - self.held(args, kwargs)
        self.tape.operations.append((func, args, kwargs, tensors(result)))
        return result

    @staticmethod
    def written(func: Any, args: Any) -> list[Tensor]:
        """Return what an operation writes; torch passes it by position."""
        if func is torch.ops.aten.native_batch_norm.default:  # its schema is silent of the running statistics
            return tensors(args[3:5])
        named = zip(func._schema.arguments, args, strict=False)
        return tensors([value for one, value in named if one.alias_info and one.alias_info.is_write])

    @staticmethod
    def held(*values: Any) -> set[int]:
        return {one.untyped_storage().data_ptr() for one in tensors(values)}

    def undo(self) -> None:
        for whole, kept in self.before.values():
            whole.copy_(kept)


def tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]


class TapeCuda:
    """What `torch.cuda` is to something that captures and replays."""

    def __init__(self) -> None:
        self.tapes: list[Tape] = []

    def CUDAGraph(self) -> Tape:  # noqa: N802 - torch's name
        self.tapes.append(Tape())
        return self.tapes[-1]

    def current_stream(self, device: Any) -> Any:
        return SimpleNamespace(device=device)

    def graph_pool_handle(self) -> Any:
        return object()

    def stream(self, stream: Any) -> Any:
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def graph(self, graph: Tape, pool: Any, stream: Any) -> Iterator[None]:
        recording = Recording(graph)
        try:
            with recording:
                yield
            graph.is_whole = True
        finally:
            recording.undo()

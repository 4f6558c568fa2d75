"""A GPU that computes nothing: its tensors have shapes and no contents, and its time is that of their bytes.

Tensors on `cuda` become tensors on `meta`, so a tensor that was left on the CPU is refused as by a GPU. Each
operation takes the host a launch and the device the time in which its bytes, read and written, go through
memory; a copy between host and device that of the link, and the host waits for it unless told not to.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from tests.bench.fake_cuda import LAUNCH_SECONDS, FakeCuda

BYTES_PER_SECOND = 4e12
LINK_BYTES_PER_SECOND = 2e9
aten = torch.ops.aten


def _elsewhere(value: Any) -> Any:
    is_cuda = str(value).startswith("cuda") if isinstance(value, str | torch.device) else False
    return torch.device("meta") if is_cuda else value


class OnMeta(TorchFunctionMode):
    """Puts on `meta` what is meant for `cuda`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.pin_memory:
            return args[0]
        if func is torch.device:
            return func(*args, **(kwargs or {}))
        moved_args, moved_kwargs = tree_map(_elsewhere, (tuple(args), kwargs or {}))
        return func(*moved_args, **moved_kwargs)


class Timed(TorchDispatchMode):
    """Lets every operation on such tensors take its time."""

    def __init__(self, cuda: FakeCuda) -> None:
        super().__init__()
        self.cuda = cuda

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = self._to_host(func, args, kwargs)
        result = func(*args, **kwargs) if result is None else result
        there, here = self._tensors(args, kwargs, result)
        is_view = any(one.alias_info and not one.alias_info.is_write for one in func._schema.returns)
        if not there or is_view:
            return result
        if torch.Tag.nondeterministic_seeded in func.tags:
            self.cuda.draw()
        num_bytes = sum(tensor.nbytes for tensor in there)
        if func in {aten._to_copy.default, aten.copy_.default} and here:
            self.cuda.issue(LAUNCH_SECONDS, num_bytes / LINK_BYTES_PER_SECOND)
            if not (kwargs.get("non_blocking") or (len(args) > 2 and args[2])):
                self.cuda.wait_for()
        else:
            self.cuda.issue(LAUNCH_SECONDS, num_bytes / BYTES_PER_SECOND)
        return result

    def _to_host(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Stand in for what nothing can be read of."""
        if func is aten.copy_.default and args[1].is_meta and not args[0].is_meta:
            return args[0]
        if func is aten._to_copy.default and args[0].is_meta and str(kwargs.get("device")) == "cpu":
            return torch.zeros(args[0].shape, dtype=args[0].dtype)
        return None

    def _tensors(self, *values: Any) -> tuple[list[Tensor], list[Tensor]]:
        found = {id(leaf): leaf for leaf in tree_flatten(values)[0] if isinstance(leaf, Tensor)}
        there = [tensor for tensor in found.values() if tensor.is_meta]
        return there, [tensor for tensor in found.values() if not tensor.is_meta and tensor.ndim]


@contextlib.contextmanager
def simulated(cuda: FakeCuda) -> Iterator[None]:
    """Let `cuda` be such a GPU inside the block."""
    with OnMeta(), Timed(cuda):
        yield

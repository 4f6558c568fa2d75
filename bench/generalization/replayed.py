"""A step on a GPU, its launches recorded once and replayed: launching small kernels outlasts running them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Shapes = tuple[torch.Size, ...]


class Replayed:
    """A function of tensors on a GPU: called once, captured as a CUDA graph the second time, then replayed.

    A graph holds for one combination of shapes. The first call makes what no capture may, such as libraries'
    workspaces and an optimizer's state, on the stream that the capture will use.

    Parameters
    ----------
    function : callable
        Reads and writes memory of the device alone, the same at every call but for its arguments, and returns
        nothing. It is called while another stream than the default one is current.
    cuda : module
        `torch.cuda`, or what stands for it in a test.

    Attributes
    ----------
    is_replay : bool
        Whether graphs are replayed. Where a capture fails, every call is made in full.
    """

    def __init__(self, function: Callable[..., None], cuda: Any = torch.cuda) -> None:
        self.function, self.cuda = function, cuda
        self.is_replay = True
        self._called: set[Shapes] = set()
        self._captured: dict[Shapes, tuple[Any, list[Tensor]]] = {}

    def __call__(self, *arguments: Tensor) -> None:
        """Do what the function does."""
        shapes = tuple(argument.shape for argument in arguments)
        if shapes in self._called and shapes not in self._captured and self.is_replay:
            self._capture(shapes, arguments)
        if shapes not in self._captured:
            self._called.add(shapes)
            self.function(*arguments)
            return
        graph, inputs = self._captured[shapes]
        for value, argument in zip(inputs, arguments, strict=True):
            value.copy_(argument)
        graph.replay()

    def _capture(self, shapes: Shapes, arguments: tuple[Tensor, ...]) -> None:
        """Record the launches; nothing is computed."""
        inputs = [argument.clone() for argument in arguments]
        graph = self.cuda.CUDAGraph()
        try:
            with self.cuda.graph(graph, stream=self.cuda.current_stream(inputs[0].device)):
                self.function(*inputs)
        except RuntimeError:  # what no graph can hold is done as before
            self.is_replay = False
        else:
            self._captured[shapes] = graph, inputs

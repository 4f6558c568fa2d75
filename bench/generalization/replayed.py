"""A step on a GPU, its launches recorded once and replayed: launching small kernels outlasts running them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bench.graphs import captured

Shapes = tuple[torch.Size, ...]


class Replays:
    """Calls of one function on a GPU: made once, captured as a CUDA graph the second time, then replayed.

    A graph holds for one combination of shapes. The first call makes what no capture may, such as libraries'
    workspaces and an optimizer's state, on the stream that the capture will use.

    Parameters
    ----------
    cuda : module
        `torch.cuda`, or what stands for it in a test.

    Attributes
    ----------
    problem : str
        Why no graph could hold the function: then every call is made in full. Nothing while it could.
    """

    def __init__(self, cuda: Any = torch.cuda) -> None:
        self.cuda = cuda
        self.problem = ""
        self._called: set[Shapes] = set()
        self._captured: dict[Shapes, tuple[Any, list[Tensor]]] = {}

    def run(self, function: Callable[..., None], *arguments: Tensor) -> None:
        """Do what the function does.

        Parameters
        ----------
        function : callable
            The same at every call. Reads and writes memory of the device alone, the same but for its
            arguments, while another stream than the default one is current.
        arguments : Tensor
            On the device.
        """
        shapes = tuple(argument.shape for argument in arguments)
        if shapes in self._called and shapes not in self._captured and not self.problem:
            self._capture(function, shapes, arguments)
        if shapes not in self._captured:
            self._called.add(shapes)
            function(*arguments)
            return
        graph, inputs = self._captured[shapes]
        for value, argument in zip(inputs, arguments, strict=True):
            value.copy_(argument)
        graph.replay()

    def _capture(self, function: Callable[..., None], shapes: Shapes, arguments: tuple[Tensor, ...]) -> None:
        """Record the launches; nothing is computed."""
        inputs = [argument.clone() for argument in arguments]
        stream = self.cuda.current_stream(inputs[0].device)
        try:
            graph, _ = captured(partial(function, *inputs), stream, self.cuda)
        except RuntimeError as error:
            self.problem = str(error).partition("\n")[0]
        else:
            self._captured[shapes] = graph, inputs

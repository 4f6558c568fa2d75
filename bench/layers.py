"""The cost of one layer: alone against a copy of the same size, and within a training step."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F

from bench.alternating_calls import AlternatingCalls
from bench.clocks import Call
from bench.configuration import Options, Params

SHAPES: dict[str, tuple[int, ...]] = {
    "conv-16x64x56x56": (16, 64, 56, 56),  # the first stage of a ResNet on a small batch: 12.8 MB
    "tokens-4096x256": (4096, 256),  # 16 sequences of 256 tokens: 4.2 MB
    "conv-32x64x56x56": (32, 64, 56, 56),  # 25.7 MB, beyond most caches
    "tokens-8192x1024": (8192, 1024),  # 33.6 MB
}
NUM_SHAPES = {"smoke": 1, "quick": 2, "full": len(SHAPES)}


def layer_grid(options: Options) -> list[Params]:
    """Shapes x train and eval x forward and forward+backward, on every device."""
    return [
        {"device": device, "shape": shape, "mode": mode, "direction": direction}
        for device in options.devices
        for shape in list(SHAPES)[: NUM_SHAPES[options.profile]]
        for mode in ("train", "eval")
        for direction in ("forward", "forward_backward")
    ]


def step_grid(options: Options) -> list[Params]:
    """One training step on every device."""
    return [{"device": device} for device in options.devices]


def no_layer(channels: int) -> None:
    """Stand where a layer could be."""
    del channels


def saved_bytes(function: Callable[[], Any]) -> int:
    """Bytes that autograd keeps alive for the backward pass of `function`, each storage counted once."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = function()
    del result
    return sum(kept.values())


def layer_cost(
    layer: nn.Module, device: str, shape: str, mode: str, direction: str, sweeps: float
) -> AlternatingCalls:
    """Time a layer in alternation with a plain copy of its input, the roof for whatever must move memory.

    Parameters
    ----------
    layer : torch.nn.Module
        Takes and returns a tensor of `shape`.
    shape : str
        A key of `SHAPES`; the input is standard normal float32, never zeros.
    mode : {"train", "eval"}
    direction : {"forward", "forward_backward"}
    sweeps : float
        How often the input's bytes must cross the memory bus for this call, reads and writes together. A copy
        takes 2. The fraction of the roof is what the copy's bandwidth would need, over what the call needed.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(SHAPES[shape], generator=generator).to(device)
    upstream = torch.randn(SHAPES[shape], generator=generator).to(device)
    layer = layer.to(device).train(mode == "train")
    target, kept = torch.empty_like(x), 0
    if direction == "forward_backward":
        x.requires_grad_()
        kept = saved_bytes(partial(layer, x))
    call = (
        partial(_forward_backward, layer, x, upstream)
        if kept or x.requires_grad
        else partial(_forward, layer, x)
    )
    source = x.detach()

    def figures(seconds: Mapping[str, float]) -> dict[str, float]:
        return {
            "moved_bytes": sweeps * source.nbytes,
            "roof_fraction": sweeps / 2 * seconds["copy"] / seconds["call"],
            "copy_bytes_per_second": 2 * source.nbytes / seconds["copy"],
            "saved_activation_bytes": kept,
        }

    return AlternatingCalls(call, {"copy": partial(target.copy_, source)}, figures, device=device)


@torch.no_grad()
def _forward(layer: nn.Module, x: Tensor) -> Tensor:
    return layer(x)


def _forward_backward(layer: nn.Module, x: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    inputs = [x, *layer.parameters()]
    return torch.autograd.grad(layer(x), inputs, upstream)


def small_cnn(layer: Callable[[int], nn.Module | None]) -> nn.Sequential:
    """Three convolution blocks and a linear head for (N, 3, 32, 32) images, 10 classes.

    Parameters
    ----------
    layer : callable
        From the number of channels to the layer that follows each convolution, or None for none.
    """
    blocks: list[nn.Module] = []
    for channels_in, channels_out in [(3, 32), (32, 64), (64, 64)]:
        extra = layer(channels_out)
        convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        blocks += [convolution, *([extra] if extra else []), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(64 * 4 * 4, 10))


def step_cost(layer: Callable[[int], nn.Module | None], device: str) -> AlternatingCalls:
    """Time a training step of a small CNN with the layer, in alternation with the same step without it.

    A step is forward, loss, backward and SGD with momentum on a batch of 32 random images.
    """
    generator = torch.Generator().manual_seed(0)
    x_NCHW = torch.rand(32, 3, 32, 32, generator=generator).to(device)
    y_N = torch.randint(0, 10, (32,), generator=generator).to(device)

    def step_of(model: nn.Module) -> Call:
        model.to(device).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return partial(_step, model, optimizer, x_NCHW, y_N)

    def figures(seconds: Mapping[str, float]) -> dict[str, float]:
        return {"share_of_step": 1 - seconds["without"] / seconds["call"]}

    with_layer, without = step_of(small_cnn(layer)), step_of(small_cnn(no_layer))
    return AlternatingCalls(with_layer, {"without": without}, figures, device=device)


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, x_NCHW: Tensor, y_N: Tensor) -> None:
    optimizer.zero_grad()
    F.cross_entropy(model(x_NCHW), y_N).backward()
    optimizer.step()

"""The cost of one layer: alone against a copy of the same size, and within a training step."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F

from bench.alternating_calls import AlternatingCalls
from bench.clocks import Call, Rotation, clock_for, flush_bytes
from bench.configuration import Options, Params

SHAPES: dict[str, tuple[int, ...]] = {
    "conv-16x64x56x56": (16, 64, 56, 56),  # the first stage of a ResNet on a small batch: 12.8 MB
    "tokens-4096x256": (4096, 256),  # 16 sequences of 256 tokens: 4.2 MB
    "conv-32x64x56x56": (32, 64, 56, 56),  # 25.7 MB, beyond most caches
    "tokens-8192x1024": (8192, 1024),  # 33.6 MB
}
# On a GPU: 206 and 268 MB, more than twice the cache of most of today, so that what is counted as moved is.
GPU_SHAPES = ("conv-256x64x56x56", "tokens-65536x1024")
CACHES = 2  # a layer reads its input anew from memory where it has so many times the cache's bytes
# Neighbours in size, for cliffs between them: from 120,000 to 140,000 rows batch norm once became eight times
# as slow (github.com/pytorch/pytorch/issues/12006); 63 and 65 channels lie beside a power of two.
SWEEP = (
    *(f"tokens-{n}x64" for n in (1024, 4096, 16384, 65536, 120_000, 140_000, 262_144)),
    *(f"tokens-16384x{channels}" for channels in (63, 65)),
    *(f"conv-16x64x{side}x{side}" for side in (7, 14, 28, 56, 112)),
)
NUM_INPUTS = 2  # on CUDA, in rotation
NUM_SHAPES = {"smoke": 1, "quick": 2, "full": len(SHAPES)}

Layer = Callable[[int], nn.Module | None]  # from a number of channels to what follows a convolution, if any


def layer_grid(options: Options) -> list[Params]:
    """Shapes x train and eval x forward and forward+backward, on every device."""
    return [
        {"device": device, "shape": shape, "mode": mode, "direction": direction}
        for device in options.devices
        for shape in shapes_on(device, options)
        for mode in ("train", "eval")
        for direction in ("forward", "forward_backward")
    ]


def shapes_on(device: str, options: Options) -> list[str]:
    """Return the shapes of single layers: a GPU's are large, and all of them when everything is wanted."""
    shapes = list(SHAPES)[: NUM_SHAPES[options.profile]]
    if device == "cpu":
        return shapes
    return [*GPU_SHAPES[: NUM_SHAPES[options.profile]], *(shapes if options.is_full else ())]


def step_grid(options: Options) -> list[Params]:
    """One training step on every device."""
    return [{"device": device} for device in options.devices]


def sweep_grid(options: Options) -> list[Params]:
    """Many neighbouring shapes in training, forward and backward; on the CPU only when all is wanted."""
    return [
        {"device": device, "shape": shape, "mode": "train", "direction": "forward_backward"}
        for device in options.devices
        if options.is_full or device != "cpu"
        for shape in SWEEP[: 1 if options.profile == "smoke" else None]
    ]


def dimensions(shape: str) -> tuple[int, ...]:
    """Return the dimensions that a shape's name tells: tokens-4096x256 are (4096, 256)."""
    return tuple(int(extent) for extent in shape.partition("-")[2].split("x"))


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
        A key of `SHAPES` or a name like those; the input is standard normal float32, never zeros.
    mode : {"train", "eval"}
    direction : {"forward", "forward_backward"}
    sweeps : float
        How often the input's bytes must cross the memory bus for this call, reads and writes together. A copy
        takes 2. The fraction of the roof is what the copy's bandwidth would need, over what the call needed;
        there is none on a GPU whose cache holds half of the input.
    """
    inputs = random_inputs(shape, device)
    layer = layer.to(device).train(mode == "train")
    if direction == "forward_backward":
        kept = saved_bytes(partial(layer, inputs[0].detach().requires_grad_()))
        upstream = random_inputs(shape, device, seed=1)
        call = Rotation([forward_backward(layer, *pair) for pair in zip(inputs, upstream, strict=True)])
    else:
        kept, call = 0, Rotation([partial(_forward, layer, x) for x in inputs])
    num_bytes = inputs[0].nbytes
    has_roof = is_beyond_cache(num_bytes, device)

    def figures(seconds: Mapping[str, float]) -> dict[str, float]:
        roof = {"roof_fraction": sweeps / 2 * seconds["copy"] / seconds["call"]} if has_roof else {}
        return {
            "moved_bytes": sweeps * num_bytes,
            **roof,
            "copy_bytes_per_second": 2 * num_bytes / seconds["copy"],
            "saved_activation_bytes": kept,
        }

    return AlternatingCalls(call, {"copy": copy_of_inputs(shape, device)}, figures, device=device)


def is_beyond_cache(num_bytes: int, device: str) -> bool:
    """Whether an input is too large for a GPU's cache, so that it comes from memory each time it is read."""
    return torch.device(device).type != "cuda" or num_bytes >= CACHES * flush_bytes(torch.device(device))


def random_inputs(shape: str, device: str, seed: int = 0) -> list[Tensor]:
    """Return standard normal inputs of a shape: one on the CPU, on CUDA several to be taken in turn.

    All layers on a GPU share them: its memory would not hold a set for each.
    """
    if torch.device(device).type == "cuda":
        return _shared_inputs(shape, device, seed)
    return [torch.randn(dimensions(shape), generator=torch.Generator().manual_seed(seed))]


@lru_cache
def _shared_inputs(shape: str, device: str, seed: int) -> list[Tensor]:
    generator = torch.Generator(device).manual_seed(seed)
    return [torch.randn(dimensions(shape), generator=generator, device=device) for _ in range(NUM_INPUTS)]


def copy_of_inputs(shape: str, device: str) -> Call:
    """Return the plain copy that a layer is set against."""
    pairs = zip(random_inputs(shape, device, seed=2), random_inputs(shape, device), strict=True)
    return Rotation([partial(target.copy_, x) for target, x in pairs])


def forward_backward(layer: nn.Module, x: Tensor, upstream: Tensor) -> Call:
    """Return the call that runs a layer forward and backward on an input, parameters included."""
    return partial(_forward_backward, layer, x.detach().requires_grad_(), upstream)


@torch.no_grad()
def _forward(layer: nn.Module, x: Tensor) -> Tensor:
    return layer(x)


def _forward_backward(layer: nn.Module, x: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    inputs = [x, *layer.parameters()]
    return torch.autograd.grad(layer(x), inputs, upstream)


def small_cnn(layer: Layer) -> nn.Sequential:
    """Three convolution blocks and a linear head for (N, 3, 32, 32) images, 10 classes."""
    blocks: list[nn.Module] = []
    for channels_in, channels_out in [(3, 32), (32, 64), (64, 64)]:
        extra = layer(channels_out)
        convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        blocks += [convolution, *([extra] if extra else []), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(64 * 4 * 4, 10))


def step_cost(layer: Layer, device: str) -> AlternatingCalls:
    """Time a training step of a small CNN with the layer, in alternation with the same step without it.

    A step is forward, loss, backward and SGD with momentum on a batch of 32 random images.
    """
    generator = torch.Generator().manual_seed(0)
    x_NCHW = torch.rand(32, 3, 32, 32, generator=generator).to(device)
    y_N = torch.randint(0, 10, (32,), generator=generator).to(device)

    def step_of(model: nn.Module) -> Call:
        return training_step(model.to(device), x_NCHW, y_N)

    return share_of_step(step_of(small_cnn(layer)), step_of(small_cnn(no_layer)), device)


def training_step(model: nn.Module, x_NCHW: Tensor, y_N: Tensor, *, is_bf16: bool = False) -> Call:
    """Return one step: forward, loss, backward, SGD with momentum; under autocast to bf16 where asked for."""
    optimizer = torch.optim.SGD(model.train().parameters(), lr=0.01, momentum=0.9)
    return partial(_step, model, optimizer, x_NCHW, y_N, is_bf16)


def share_of_step(with_layer: Call, without: Call, device: str) -> AlternatingCalls:
    """Time a step in alternation with the same step without the layer, its caches as training leaves them."""

    def figures(seconds: Mapping[str, float]) -> dict[str, float]:
        return {"share_of_step": 1 - seconds["without"] / seconds["call"]}

    clock = clock_for(torch.device(device), is_cold=False)
    return AlternatingCalls(with_layer, {"without": without}, figures, device=device, clock=clock)


def _step(
    model: nn.Module, optimizer: torch.optim.Optimizer, x_NCHW: Tensor, y_N: Tensor, is_bf16: bool
) -> None:
    optimizer.zero_grad()
    # without its cache of weights: a replayed graph would keep the first step's
    with torch.autocast(x_NCHW.device.type, torch.bfloat16, enabled=is_bf16, cache_enabled=False):
        loss = F.cross_entropy(model(x_NCHW), y_N)
    loss.backward()
    optimizer.step()

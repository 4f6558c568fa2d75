"""A layer done in several ways: each beside its plain eager self, and within a step of a residual network."""

from collections.abc import Mapping
from functools import lru_cache, partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from bench.alternating_calls import AlternatingCalls
from bench.clocks import Call, Rotation
from bench.configuration import Options, Params
from bench.heartbeat import kept_up
from bench.layers import (
    GPU_SHAPES,
    Layer,
    copy_of_inputs,
    forward_backward,
    is_beyond_cache,
    no_layer,
    random_inputs,
    share_of_step,
    training_step,
)
from bench.residual_network import residual_network

# channels_last: the same numbers, channels innermost. bf16: what a convolution under autocast hands on.
# compiled: the layer through torch.compile. fused: the layer and the ReLU behind it through torch.compile.
# folded: in evaluation, batch norm made part of the convolution before it.
VARIANTS = ("channels_last", "bf16", "compiled", "fused", "folded")
STEP_VARIANTS = ("eager", "channels_last", "bf16", "compiled")
NEEDS_COMPILER = frozenset({"compiled", "fused"})
SHAPES_OF_VARIANTS = ("conv-32x64x56x56", "tokens-8192x1024")
ONLY_FOR_MAPS = frozenset({"channels_last", "folded"})
COMPILE_SECONDS = 300.0  # for one model, before it counts as hung
MOST_COMPILED = 1000
STEP_IMAGES = {"cpu": (4, 3, 64, 64), "cuda": (64, 3, 224, 224)}


def devices_of(options: Options) -> list[str]:
    """Return the devices that variants are measured on: the CPU only when everything is wanted."""
    return [device for device in options.devices if options.is_full or device != "cpu"]


def _shapes_on(device: str, options: Options) -> tuple[str, ...]:
    shapes = SHAPES_OF_VARIANTS if device == "cpu" else GPU_SHAPES
    return shapes[:1] if options.profile == "smoke" else shapes


def batchnorm_grid(options: Options) -> list[Params]:
    """Every variant, on maps and on tokens."""
    return [
        {"device": device, "shape": shape, "variant": variant}
        for device in devices_of(options)
        for shape in _shapes_on(device, options)
        for variant in VARIANTS
        if shape.startswith("conv") or variant not in ONLY_FOR_MAPS
    ]


def dropout_grid(options: Options) -> list[Params]:
    """Every variant but folding: in evaluation nothing of dropout is left to fold."""
    return [row for row in batchnorm_grid(options) if row["variant"] != "folded"]


def step_grid(options: Options) -> list[Params]:
    """Every way to run a step of a residual network; a CPU compiles so large a model for minutes."""
    return [
        {"device": device, "variant": variant}
        for device in devices_of(options)
        for variant in STEP_VARIANTS
        if device != "cpu" or variant not in NEEDS_COMPILER
    ]


def require_compiler(variant: str, device: str) -> None:
    """Skip, with its own reason, what torch.compile cannot do here: each kind of device has its compiler."""
    if variant in NEEDS_COMPILER and (reason := _why_not_compiled(device)):
        pytest.skip(f"torch.compile does not work here: {reason}")


@lru_cache
def _why_not_compiled(device: str) -> str:
    try:
        with kept_up(COMPILE_SECONDS):
            torch.compile(_plus_one)(torch.ones(2, device=device))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        return f"{type(error).__name__}: {reason}"
    return ""


def _plus_one(x: Tensor) -> Tensor:
    return x + 1


def compiled(module: nn.Module) -> nn.Module:
    """Compile a module for the shape that it gets, whatever was compiled here before.

    All modules of torch.nn share one cache. Left alone, torch compiles from the second shape on for sizes
    that may vary, and after eight entries it goes on eagerly, with no more than a line in the log.
    """
    config = torch._dynamo.config
    limit = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"  # before 2.7
    setattr(config, limit, MOST_COMPILED)
    return torch.compile(module, dynamic=False)


def _compiled_by(call: Call) -> None:
    """Run a call once: its compilation takes longer than anything else may without a sign of life.

    What was compiled holds for the number of threads, which is one in all that is timed.
    """
    torch.set_num_threads(1)
    with kept_up(COMPILE_SECONDS):
        call()


def layer_variant(layer: nn.Module, device: str, shape: str, variant: str, sweeps: float) -> AlternatingCalls:
    """Time a variant of a layer in training, forward and backward; the folded one in evaluation, forward.

    Parameters
    ----------
    layer : torch.nn.Module
        Takes and returns a tensor of `shape`.
    shape : str
        A key of `bench.layers.SHAPES`.
    variant : str
        One of `VARIANTS`.
    sweeps : float
        How often the input's bytes must cross the memory bus in training, as in `layer_cost`. A fused ReLU
        adds none; a folded layer is arithmetic, which memory does not bound, and gets no share of the roof.
    """
    require_compiler(variant, device)
    inputs = random_inputs(shape, device)
    layer = layer.to(device)
    if variant == "folded":
        eager, call, moved_bytes = *_folded(layer, inputs), 0.0
    else:
        module = nn.Sequential(layer, nn.ReLU()) if variant == "fused" else layer
        upstream = random_inputs(shape, device, seed=1)
        varied, varied_upstream = ([_varied(x, variant) for x in one] for one in (inputs, upstream))
        eager = _training(module, inputs, upstream)
        call = _training(compiled(module) if variant in NEEDS_COMPILER else module, varied, varied_upstream)
        if variant in NEEDS_COMPILER:
            _compiled_by(call)
        moved_bytes = sweeps * varied[0].nbytes if is_beyond_cache(varied[0].nbytes, device) else 0.0

    def figures(seconds: Mapping[str, float]) -> dict[str, float]:
        told = {"speedup_over_eager": seconds["eager"] / seconds["call"]}
        if moved_bytes:
            copied = 2 * inputs[0].nbytes / seconds["copy"]
            told |= {"moved_bytes": moved_bytes, "roof_fraction": moved_bytes / seconds["call"] / copied}
        return told

    companions = {"eager": eager, "copy": copy_of_inputs(shape, device)}
    return AlternatingCalls(call, companions, figures, device=device)


def _varied(x: Tensor, variant: str) -> Tensor:
    if variant == "channels_last":
        return x.contiguous(memory_format=torch.channels_last)
    return x.to(torch.bfloat16) if variant == "bf16" else x


def _training(module: nn.Module, inputs: list[Tensor], upstream: list[Tensor]) -> Call:
    pairs = zip(inputs, upstream, strict=True)
    return Rotation([forward_backward(module.train(), *pair) for pair in pairs])


def _folded(layer: nn.Module, inputs: list[Tensor]) -> tuple[Call, Call]:
    """Return a convolution followed by batch norm, and the one convolution that does both."""
    channels, device = inputs[0].shape[1], inputs[0].device
    convolution = nn.Conv2d(channels, channels, 3, padding=1).to(device).eval()
    pair = nn.Sequential(convolution, layer).eval()
    folded = fuse_conv_bn_eval(convolution, layer)
    return tuple(Rotation([partial(_evaluated, m, x) for x in inputs]) for m in (pair, folded))  # type: ignore[return-value]


@torch.no_grad()
def _evaluated(module: nn.Module, x: Tensor) -> Tensor:
    return module(x)


def step_variant(layer: Layer, device: str, variant: str) -> AlternatingCalls:
    """Time a training step of a residual network with the layer, in alternation with the step without it."""
    require_compiler(variant, device)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
    shape = STEP_IMAGES[torch.device(device).type]
    generator = torch.Generator().manual_seed(0)
    x_NCHW = torch.rand(shape, generator=generator).to(device).contiguous(memory_format=layout)
    y_N = torch.randint(0, 10, shape[:1], generator=generator).to(device)

    def step_of(layer: Layer) -> Call:
        model: nn.Module = residual_network(layer).to(device).to(memory_format=layout)
        model = compiled(model) if variant == "compiled" else model
        step = training_step(model, x_NCHW, y_N, is_bf16=variant == "bf16")
        if variant == "compiled":
            _compiled_by(step)
        return step

    return share_of_step(step_of(layer), step_of(no_layer), device)

"""The cost of batch normalization: alone, against a copy of its input, and within a training step."""

from torch import nn

from bench.alternating_calls import AlternatingCalls
from bench.configuration import configurations
from bench.devices import require_device
from bench.layer_variants import batchnorm_grid, layer_variant, step_variant
from bench.layer_variants import step_grid as resnet_grid
from bench.layers import dimensions, layer_cost, layer_grid, no_layer, step_cost, step_grid, sweep_grid

# How often the input's bytes must cross the memory bus, once they exceed the cache. Training reads the input
# for the statistics before it can read it again to normalize and write: 3. Its backward pass reads input and
# upstream gradient for the two sums, then both again to write the gradient: 5 (Ioffe and Szegedy 2015, the
# formulas of algorithm 1 and section 3). Evaluation knows the statistics: read and write, each way.
SWEEPS = {
    ("train", "forward"): 3,
    ("train", "forward_backward"): 8,
    ("eval", "forward"): 2,
    # the gradient of the scale needs the input too: read input and upstream gradient, write the gradient
    ("eval", "forward_backward"): 5,
}


@configurations(layer_grid, topic="batchnorm", group="Batch norm on {device}: seconds per call")
def bench_batchnorm(device: str, shape: str, mode: str, direction: str) -> AlternatingCalls:
    """One batch norm layer with scale and shift."""
    require_device(device)
    return layer_cost(_batch_norm(shape), device, shape, mode, direction, SWEEPS[mode, direction])


@configurations(step_grid, topic="batchnorm_step", group="Training step of a small CNN on {device}: seconds")
def bench_batchnorm_step(device: str, batchnorm: bool = True) -> AlternatingCalls:
    """A training step with batch norm after every convolution, beside the same step without."""
    require_device(device)
    return step_cost(nn.BatchNorm2d if batchnorm else no_layer, device)


def _batch_norm(shape: str) -> nn.Module:
    channels = dimensions(shape)[1]
    return nn.BatchNorm2d(channels) if shape.startswith("conv") else nn.BatchNorm1d(channels)


@configurations(
    batchnorm_grid,
    topic="batchnorm_variants",
    group="Batch norm done differently on {device}: seconds per call",
)
def bench_batchnorm_variants(device: str, shape: str, variant: str) -> AlternatingCalls:
    """One batch norm layer done differently, beside the eager one."""
    require_device(device)
    return layer_variant(_batch_norm(shape), device, shape, variant, SWEEPS["train", "forward_backward"])


@configurations(
    resnet_grid,
    topic="batchnorm_resnet_step",
    group="Training step of an 18-layer ResNet on {device}: seconds",
)
def bench_batchnorm_resnet_step(device: str, variant: str) -> AlternatingCalls:
    """A training step of a residual network with batch norm, beside the same step without."""
    require_device(device)
    return step_variant(nn.BatchNorm2d, device, variant)


@configurations(
    sweep_grid, topic="batchnorm_shapes", group="Batch norm over shapes on {device}: seconds per call"
)
def bench_batchnorm_shapes(device: str, shape: str, mode: str, direction: str) -> AlternatingCalls:
    """One batch norm layer over neighbouring shapes, to find cliffs between them."""
    require_device(device)
    return layer_cost(_batch_norm(shape), device, shape, mode, direction, SWEEPS[mode, direction])

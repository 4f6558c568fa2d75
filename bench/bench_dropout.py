"""The cost of dropout: alone, against a copy of its input, and within a training step."""

from torch import nn

from bench.alternating_calls import AlternatingCalls
from bench.configuration import configurations
from bench.devices import require_device
from bench.layer_variants import dropout_grid, layer_variant, step_variant
from bench.layer_variants import step_grid as resnet_grid
from bench.layers import layer_cost, layer_grid, step_cost, step_grid, sweep_grid

PROBABILITY = 0.5
MASK = 1 / 4  # one byte an element, a quarter of a float32: the least that a mask of booleans takes

# How often the input's bytes must cross the memory bus. Training reads the input, writes output and mask; its
# backward pass reads upstream gradient and mask and writes the gradient. In evaluation dropout is the
# identity: nothing must move, so its roof fraction is 0 by definition.
SWEEPS = {
    ("train", "forward"): 2 + MASK,
    ("train", "forward_backward"): 4 + 2 * MASK,
    ("eval", "forward"): 0,
    ("eval", "forward_backward"): 0,
}


@configurations(layer_grid, topic="dropout", group="Dropout on {device}: seconds per call")
def bench_dropout(
    device: str, shape: str, mode: str, direction: str, probability: float = PROBABILITY
) -> AlternatingCalls:
    """One dropout layer."""
    require_device(device)
    return layer_cost(nn.Dropout(probability), device, shape, mode, direction, SWEEPS[mode, direction])


@configurations(step_grid, topic="dropout_step", group="Training step of a small CNN on {device}: seconds")
def bench_dropout_step(device: str, probability: float = PROBABILITY) -> AlternatingCalls:
    """A training step with dropout after every convolution, beside the same step without."""
    require_device(device)
    return step_cost(lambda channels: nn.Dropout(probability), device)


@configurations(
    dropout_grid, topic="dropout_variants", group="Dropout done differently on {device}: seconds per call"
)
def bench_dropout_variants(
    device: str, shape: str, variant: str, probability: float = PROBABILITY
) -> AlternatingCalls:
    """One dropout layer done differently, beside the eager one."""
    require_device(device)
    sweeps = SWEEPS["train", "forward_backward"]
    return layer_variant(nn.Dropout(probability), device, shape, variant, sweeps)


@configurations(
    resnet_grid, topic="dropout_resnet_step", group="Training step of an 18-layer ResNet on {device}: seconds"
)
def bench_dropout_resnet_step(
    device: str, variant: str, probability: float = PROBABILITY
) -> AlternatingCalls:
    """A training step of a residual network with dropout after every convolution, beside the same without."""
    require_device(device)
    return step_variant(lambda channels: nn.Dropout(probability), device, variant)


@configurations(sweep_grid, topic="dropout_shapes", group="Dropout over shapes on {device}: seconds per call")
def bench_dropout_shapes(
    device: str, shape: str, mode: str, direction: str, probability: float = PROBABILITY
) -> AlternatingCalls:
    """One dropout layer over neighbouring shapes, to find cliffs between them."""
    require_device(device)
    return layer_cost(nn.Dropout(probability), device, shape, mode, direction, SWEEPS[mode, direction])

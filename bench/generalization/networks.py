"""The ordinary networks of the studies, one a setting and seed, and the random streams of a seed."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.generalization.setting import Setting

KERNEL = 3


class SeededDropout(nn.Module):
    """Dropout whose random numbers come from a stream of its own, so that two networks can share them.

    Parameters
    ----------
    rate : float
    shape : sequence of int
        Of one sample.
    generator : torch.Generator
        Of the CPU, so that a seed means the same on every device.
    """

    def __init__(self, rate: float, shape: Sequence[int], generator: torch.Generator) -> None:
        super().__init__()
        self.rate, self.shape, self.generator = rate, tuple(shape), generator

    def draw(self, batch_size: int) -> Tensor:
        """Return the next random numbers, (batch size, *shape)."""
        return torch.rand((batch_size, *self.shape), generator=self.generator)

    def forward(self, x: Tensor) -> Tensor:
        """Drop values while training, and scale up what is left."""
        if not self.training or self.rate == 0:
            return x
        return x * (self.draw(len(x)) >= self.rate) / (1 - self.rate)


def dropout_stream(seed: int, layer: int) -> torch.Generator:
    """Return the random numbers of one dropout layer of one seed."""
    return torch.Generator().manual_seed(seed * 10_007 + 5_000 + layer)


def batch_order(seed: int, epoch: int, num_train: int, batch_size: int) -> tuple[Tensor, ...]:
    """Return the index batches of one epoch for one seed.

    A last batch of one sample joins the one before: batch norm has no variance of one.
    """
    generator = torch.Generator().manual_seed(seed * 10_007 + epoch)
    batches = list(torch.randperm(num_train, generator=generator).split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return tuple(batches)


def network(
    setting: Setting, seed: int, image_shape: Sequence[int] | None, num_inputs: int, num_classes: int
) -> nn.Sequential:
    """Return the network that a seed starts from, in PyTorch's own initialisation.

    The seed alone decides the weights of a given shape: networks that differ in dropout or decay start alike.

    Raises
    ------
    ValueError
        A CNN is asked for, and the samples are no images or too small for its poolings.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if setting.network == "linear":
            return nn.Sequential(nn.Linear(num_inputs, num_classes))
        if setting.network == "mlp":
            return _mlp(setting, seed, num_inputs, num_classes)
        return _cnn(setting, seed, image_shape, num_classes)


def _mlp(setting: Setting, seed: int, num_inputs: int, num_classes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number, (inputs, units) in enumerate(pairwise([num_inputs, *setting.widths])):
        layers += [
            nn.Linear(inputs, units, bias=_has_bias(setting)),
            *_norm(setting.norm, units, is_image=False),
            nn.ReLU(),
        ]
        layers += [SeededDropout(setting.dropout, (units,), dropout_stream(seed, number))]
    return nn.Sequential(*layers, nn.Linear(setting.widths[-1], num_classes))


def _cnn(setting: Setting, seed: int, image_shape: Sequence[int] | None, num_classes: int) -> nn.Sequential:
    if image_shape is None:
        raise ValueError("a CNN needs images: these samples have no height and width")
    channels, height, width = image_shape
    if min(height, width) < 2 ** len(setting.widths):
        raise ValueError(f"{height} x {width} pixels are too few for {len(setting.widths)} poolings")
    layers: list[nn.Module] = [nn.Unflatten(1, tuple(image_shape))]
    for number, (inputs, outputs) in enumerate(pairwise([channels, *setting.widths])):
        layers += [nn.Conv2d(inputs, outputs, KERNEL, padding=KERNEL // 2, bias=_has_bias(setting))]
        layers += [*_norm(setting.norm, outputs, is_image=True), nn.ReLU()]
        drop = SeededDropout(setting.dropout, (outputs, height, width), dropout_stream(seed, number))
        layers += [drop, nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(setting.widths[-1] * height * width, num_classes))


def _has_bias(setting: Setting) -> bool:
    """Batch norm takes off what a bias adds: its gradient is rounding alone, which Adam would follow."""
    return setting.norm != "batch"


def _norm(kind: str, units: int, *, is_image: bool) -> list[nn.Module]:
    """Return the normalization before a ReLU; layer norm of an image runs over channels and pixels."""
    if kind == "batch":
        return [nn.BatchNorm2d(units) if is_image else nn.BatchNorm1d(units)]
    if kind == "layer":
        return [nn.GroupNorm(1, units) if is_image else nn.LayerNorm(units)]
    return []

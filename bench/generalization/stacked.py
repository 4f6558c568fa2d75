"""The same network many times over, as one: every operation on tensors that hold all members.

Shape suffixes: M members, S seeds, B samples of a batch, D features, C channels, H height, W width. Vectors
are (M, B, D), images (B, M C, H, W): grouped convolutions and batch norm take them as they are.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.generalization.networks import SeededDropout


class Stacked:
    """M networks of one architecture.

    Parameters
    ----------
    networks : sequence of Sequential
        One a seed, alike but for their values and random streams.
    rates_M : Tensor, shape (M,)
        Dropout rate of each member.
    seed_of_member_M : Tensor, shape (M,)
        Which of the networks a member starts from, and whose random stream it shares.
    """

    def __init__(self, networks: Sequence[nn.Sequential], rates_M: Tensor, seed_of_member_M: Tensor) -> None:
        device = rates_M.device
        self.rates_M, self.seed_of_member_M = rates_M, seed_of_member_M
        self.layers = list(networks[0])
        self.dropouts = [
            [layer for layer in one if isinstance(layer, SeededDropout) and layer.rate] for one in networks
        ]
        self.values: dict[str, Tensor] = {}
        self.parameters: dict[str, Tensor] = {}
        for name, value in networks[0].state_dict().items():
            if value.dtype.is_floating_point:
                stacked = torch.stack([one.state_dict()[name] for one in networks]).to(device)
                # A linear weight is kept as (M, inputs, units): the batched product takes it as it is.
                is_linear = value.ndim == 2
                self.values[name] = (stacked.mT if is_linear else stacked)[seed_of_member_M].contiguous()
        for name, _ in networks[0].named_parameters():
            self.parameters[name] = self.values[name].requires_grad_()

    @property
    def num_members(self) -> int:
        """How many networks there are."""
        return len(self.rates_M)

    def draw(self, batch_sizes: Sequence[int]) -> list[Tensor]:
        """Return each dropout layer's random numbers for the next batches, on the CPU, (S, all samples, ...).

        There are none where nothing is dropped.
        """
        return [
            torch.stack([torch.cat([one.draw(size) for size in batch_sizes]) for one in layer])
            for layer in zip(*self.dropouts, strict=True)
        ]

    def logits(self, x_MBD: Tensor, *, is_training: bool, drawn: Sequence[Tensor] = ()) -> Tensor:
        """Forward pass of every member on its own batch, (M, B, D) to (M, B, classes).

        `drawn` are the random numbers of dropout, on the device; without them nothing is dropped.
        """
        x, numbers = x_MBD, iter(drawn)
        for number, layer in enumerate(self.layers):
            if isinstance(layer, SeededDropout):
                x = self._dropout(x, next(numbers)) if drawn else x
            else:
                x = self._apply(layer, number, x, is_training)
        return x

    def _apply(self, layer: nn.Module, number: int, x: Tensor, is_training: bool) -> Tensor:  # noqa: PLR0911 - a case a layer
        weight, bias = (self.values.get(f"{number}.{name}") for name in ("weight", "bias"))
        match layer:
            case nn.Linear():
                assert weight is not None
                return torch.bmm(x, weight) if bias is None else torch.baddbmm(bias[:, None], x, weight)
            case nn.Conv2d():
                assert weight is not None
                flat_bias = None if bias is None else bias.flatten()
                return F.conv2d(
                    x, weight.flatten(0, 1), flat_bias, padding=layer.padding, groups=self.num_members
                )
            case nn.BatchNorm1d() | nn.BatchNorm2d():
                return self._batch_norm(number, x, layer, is_training)
            case nn.LayerNorm():
                assert weight is not None
                assert bias is not None
                return F.layer_norm(x, layer.normalized_shape) * weight[:, None] + bias[:, None]
            case nn.GroupNorm():
                assert weight is not None
                assert bias is not None
                return F.group_norm(x, self.num_members, weight.flatten(), bias.flatten())
            case nn.ReLU():
                return x.relu()
            case nn.MaxPool2d():
                return F.max_pool2d(x, layer.kernel_size)
            case nn.Unflatten():
                return x.unflatten(2, layer.unflattened_size).transpose(0, 1).flatten(1, 2)
            case nn.Flatten():
                return x.unflatten(1, (self.num_members, -1)).transpose(0, 1).flatten(2)
        raise NotImplementedError(type(layer).__name__)

    def _batch_norm(self, number: int, x: Tensor, layer: nn.Module, is_training: bool) -> Tensor:
        mean, variance, weight, bias = (
            self.values[f"{number}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")
        )
        is_vector = x.ndim == 3
        channels = x.transpose(0, 1).flatten(1) if is_vector else x
        normed = F.batch_norm(
            channels,
            mean.view(-1),
            variance.view(-1),
            weight.flatten(),
            bias.flatten(),
            is_training,
            layer.momentum,
            layer.eps,
        )
        return normed.unflatten(1, (self.num_members, -1)).transpose(0, 1) if is_vector else normed

    def _dropout(self, x: Tensor, drawn_SB: Tensor) -> Tensor:
        """Drop by each member's rate; members of one seed look at the same random numbers."""
        rates = self.rates_M.view(-1, *[1] * (drawn_SB.ndim - 1))
        mask = (drawn_SB[self.seed_of_member_M] >= rates) / (1 - rates)
        return x * (mask if x.ndim == mask.ndim else mask.transpose(0, 1).flatten(1, 2))

    def snapshot(self) -> dict[str, Tensor]:
        """Return copies of all values, running statistics included."""
        return {name: value.detach().clone() for name, value in self.values.items()}


@torch.no_grad()
def overwrite(values: dict[str, Tensor], others: dict[str, Tensor], which_M: Tensor) -> None:
    """Write the values of some members over theirs in `values`; a GPU is not asked and waited for which."""
    for name, value in values.items():
        value.copy_(torch.where(column(which_M, value), others[name], value))


def column(values_M: Tensor, like: Tensor) -> Tensor:
    """Return one value a member in the shape that goes with a stacked tensor, (M, 1, ...)."""
    return values_M.view(-1, *[1] * (like.ndim - 1))

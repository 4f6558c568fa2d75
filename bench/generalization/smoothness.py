"""Internal covariate shift and smoothness along the step, as Santurkar et al. (2018) measure them."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.generalization.data import Data, split
from bench.generalization.setting import Setting

UNITS = (64, 64, 64, 64)  # deep enough that layers below move under those above
NUM_STEPS, EVERY, BATCH_SIZE = 100, 10, 64
RATES = {"": 0.1, ", small steps": 0.01}  # 0.1 is the paper's; there training without batch norm staggers
STEP_LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the learning rate


def smoothness(data: Data, setting: Setting, seed: int, norm: str, rate: float) -> dict[str, float]:
    """Train a deep MLP by plain SGD and look, every few steps, at what the next step would do.

    Parameters
    ----------
    data, setting, seed
        The split; the network and its training are fixed.
    norm : {"none", "batch"}
    rate : float
        Learning rate.

    Returns
    -------
    dict
        Means over the looks: of a layer's gradient and what it is once the layers below have taken their
        step, `shift_distance`, between the two, and `shift_cosine`, of their angle, means over layers
        (definition 2.1, figure 2); `loss_range`, the range of the loss over steps of `STEP_LENGTHS` along the
        gradient (figure 4 a); `gradient_distance`, the largest change of the gradient along them (figure
        4 b).
    """
    samples = split(data, setting, seed)
    model = _deep(seed, data, norm)
    chance = torch.Generator().manual_seed(seed)
    looks = []
    for step in range(NUM_STEPS):
        batch = torch.randint(len(samples.y_train), (BATCH_SIZE,), generator=chance)
        x, y = samples.x_train[batch], samples.y_train[batch]
        gradient = _gradient(model, x, y)
        if step % EVERY == 0:
            looks.append({**_shift(model, gradient, x, y, rate), **_along(model, gradient, x, y, rate)})
        _move(model, gradient, rate)
    return {name: sum(look[name] for look in looks) / len(looks) for name in looks[0]}


def _deep(seed: int, data: Data, norm: str) -> nn.Sequential:
    """Return the network in He et al.'s initialisation (2015).

    In PyTorch's own the signal shrinks from layer to layer, and what batch norm undoes is that alone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        layers: list[nn.Module] = []
        for inputs, units in pairwise([data.x_ND.shape[1], *UNITS]):
            layers += [
                nn.Linear(inputs, units),
                *([nn.BatchNorm1d(units)] if norm == "batch" else []),
                nn.ReLU(),
            ]
        model = nn.Sequential(*layers, nn.Linear(UNITS[-1], data.num_classes))
        for layer in model:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    return model


def _gradient(model: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters())))


@torch.no_grad()
def _move(
    model: nn.Module, gradient: Sequence[Tensor], length: float, num_parameters: int | None = None
) -> None:
    """Step against the gradient; only the first parameters, if so told."""
    for parameter, direction in list(zip(model.parameters(), gradient, strict=True))[:num_parameters]:
        parameter.sub_(length * direction)


def _shift(
    model: nn.Module, gradient: Sequence[Tensor], x: Tensor, y: Tensor, rate: float
) -> dict[str, float]:
    """Compare each layer's gradient with what it is once all layers below have taken their step."""
    weights = [number for number, parameter in enumerate(model.parameters()) if parameter.ndim == 2]
    distances, cosines = [], []
    for number in weights[1:]:
        _move(model, gradient, rate, number)
        moved = _gradient(model, x, y)[number]
        _move(model, gradient, -rate, number)
        before = gradient[number]
        distances.append(float((moved - before).norm()))
        cosines.append(float(F.cosine_similarity(moved.flatten(), before.flatten(), dim=0)))
    return {"shift_distance": sum(distances) / len(distances), "shift_cosine": sum(cosines) / len(cosines)}


def _along(
    model: nn.Module, gradient: Sequence[Tensor], x: Tensor, y: Tensor, rate: float
) -> dict[str, float]:
    """Look at loss and gradient at several lengths of the step."""
    flat = torch.cat([one.flatten() for one in gradient])
    values, distances = [], []
    for length in STEP_LENGTHS:
        _move(model, gradient, length * rate)
        loss = F.cross_entropy(model(x), y)
        there = torch.autograd.grad(loss, list(model.parameters()))
        _move(model, gradient, -length * rate)
        values.append(float(loss.detach()))
        moved = torch.cat([one.flatten() for one in there])
        distances.append(float((moved - flat).norm()))
    return {"loss_range": max(values) - min(values), "gradient_distance": max(distances)}

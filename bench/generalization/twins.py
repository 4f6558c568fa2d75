"""The ordinary loop, which a member must equal: one network, one optimizer of torch, batch after batch."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from bench.generalization.data import Data, Split, split
from bench.generalization.networks import batch_order, network
from bench.generalization.population import HALF_A_SAMPLE, MOMENTUM, NEAR_ZERO, PARTS, angle
from bench.generalization.setting import Setting


def twin(setting: Setting, seed: int, data: Data) -> dict[str, float]:
    """Train one network as anybody would, and return what `Population.outcome` says of a member."""
    samples = split(data, setting, seed).to(torch.get_default_dtype())
    model = network(setting, seed, data.image_shape, data.x_ND.shape[1], data.num_classes)
    optimizer = _optimizer(model, setting)
    best, best_loss, best_epoch, epoch = copy.deepcopy(model), float("inf"), 0, 0
    before = model
    for epoch in range(1, setting.epochs + 1):
        before = copy.deepcopy(model)
        _train_epoch(model, optimizer, setting, samples, seed, epoch - 1)
        if setting.patience is not None:
            loss, _ = _score(model, samples, "validation")
            if loss < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(model), loss, epoch
            if epoch - best_epoch >= setting.patience:
                break
    if setting.patience is not None and best_epoch:
        return _outcome(best, best, samples, setting, best_epoch)
    return _outcome(model, before, samples, setting, best_epoch if setting.patience is not None else epoch)


def _optimizer(model: nn.Module, setting: Setting) -> torch.optim.Optimizer:
    rate = setting.learning_rate
    if setting.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=MOMENTUM, weight_decay=setting.l2)
    if setting.optimizer == "adam" or setting.l2:
        return torch.optim.Adam(model.parameters(), lr=rate, weight_decay=setting.l2)
    return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=setting.weight_decay)


def _train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    setting: Setting,
    samples: Split,
    seed: int,
    epoch: int,
) -> None:
    model.train()
    for batch in batch_order(seed, epoch, len(samples.y_train), setting.batch_size):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(samples.x_train[batch]), samples.y_train[batch])
        if setting.l1 and setting.l1_kind == "subgradient":
            loss = loss + setting.l1 * torch.stack([weight.abs().sum() for weight in _weights(model)]).sum()
        loss.backward()
        if setting.weight_decay and not isinstance(optimizer, torch.optim.AdamW):
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(1 - setting.learning_rate * setting.weight_decay)
        optimizer.step()
        if setting.l1 and setting.l1_kind == "proximal":
            with torch.no_grad():
                for weight in _weights(model):
                    weight.copy_(F.softshrink(weight, setting.learning_rate * setting.l1))


def _weights(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.ndim > 1]


@torch.no_grad()
def _score(model: nn.Module, samples: Split, part: str, labels: str = "") -> tuple[float, float]:
    model.eval()
    logits, y = model(getattr(samples, f"x_{part}")), getattr(samples, labels or f"y_{part}")
    return float(F.cross_entropy(logits, y)), float((logits.argmax(-1) == y).to(logits.dtype).mean())


@torch.no_grad()
def _step_sizes(model: nn.Module, before: nn.Module, setting: Setting) -> dict[str, float]:
    """Return how far a step takes the weights of the hidden layers, by formula and as seen."""
    hidden, earlier = (_weights(one)[:-1] for one in (model, before))
    if not hidden:
        return {"effective_learning_rate": math.nan, "turn": math.nan}
    norm = math.sqrt(sum(float(weight.norm()) ** 2 for weight in hidden))
    turns = [
        float(angle(first.flatten()[None], last.flatten()[None]))
        for first, last in zip(earlier, hidden, strict=True)
    ]
    return {
        "effective_learning_rate": setting.learning_rate / norm ** (2 if setting.method == "sgd" else 1),
        "turn": math.nan if setting.patience is not None else sum(turns) / len(turns),
    }


def _outcome(
    model: nn.Module, before: nn.Module, samples: Split, setting: Setting, stopped_epoch: int
) -> dict[str, float]:
    scores = {part: _score(model, samples, part) for part in PARTS}
    spoiled = _score(model, samples, "test", "y_test_spoiled")
    weights = torch.cat([weight.detach().flatten() for weight in _weights(model)])
    norm = float(weights.norm())
    diverged = not torch.isfinite(torch.tensor([scores["train"][0], norm])).all()
    guessed = float(samples.y_train.bincount().max()) / len(samples.y_train)
    return {
        **{f"{part}_loss": loss for part, (loss, _) in scores.items()},
        **{f"{part}_accuracy": accuracy for part, (_, accuracy) in scores.items()},
        "gap_accuracy": scores["train"][1] - spoiled[1],
        "gap_loss": spoiled[0] - scores["train"][0],
        "weight_norm": norm,
        "near_zero_share": float((weights.abs() < NEAR_ZERO).float().mean()),
        "exact_zero_share": float((weights == 0).float().mean()),
        **_step_sizes(model, before, setting),
        "stopped_epoch": stopped_epoch,
        "diverged": float(diverged),
        "at_chance": float(
            scores["train"][1] < guessed + HALF_A_SAMPLE / len(samples.y_train) and not diverged
        ),
    }

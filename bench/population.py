"""Many small networks trained at once: all settings x seeds of a study as one batched matrix product a layer.

Shape suffixes: M members, N samples, B samples of a batch, D inputs, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
import sklearn.datasets
import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Split:
    """One seed's training and test data.

    Attributes
    ----------
    x_train_ND, x_test_ND : Tensor, float32
    y_train_N, y_test_N : Tensor, int64
        `y_train_N` holds the wrong labels too, `y_test_N` holds none.
    """

    x_train_ND: Tensor
    y_train_N: Tensor
    x_test_ND: Tensor
    y_test_N: Tensor


def digits_split(seed: int, num_train: int, wrong_label_share: float) -> Split:
    """Split scikit-learn's digits (1,797 images of 8 x 8 pixels, scaled to [0, 1]) and spoil training labels.

    Parameters
    ----------
    seed : int
        Decides which samples train, which labels are wrong and what they say instead.
    num_train : int
        Training samples; all others test.
    wrong_label_share : float
        Share of the training labels that are replaced by one of the nine wrong classes.
    """
    x, y = sklearn.datasets.load_digits(return_X_y=True)
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(x))
    train, test = order[:num_train], order[num_train:]
    labels = y[train].copy()
    wrong = chance.choice(num_train, round(num_train * wrong_label_share), replace=False)
    labels[wrong] = (labels[wrong] + chance.integers(1, 10, len(wrong))) % 10
    scaled = torch.from_numpy((x / 16).astype(np.float32))
    return Split(scaled[train], torch.from_numpy(labels), scaled[test], torch.from_numpy(y[test]))


def network(seed: int, widths: Sequence[int]) -> torch.nn.Sequential:
    """Return the fully connected ReLU network that a seed starts from, in PyTorch's own initialisation."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        linears = [torch.nn.Linear(inputs, outputs) for inputs, outputs in pairwise(widths)]
    layers = [module for linear in linears for module in (linear, torch.nn.ReLU())]
    return torch.nn.Sequential(*layers[:-1])


def batch_order(seed: int, epoch: int, num_train: int, batch_size: int) -> tuple[Tensor, ...]:
    """Return the index batches of one epoch for one seed; the last may be smaller."""
    generator = torch.Generator().manual_seed(seed * 10_007 + epoch)
    return torch.randperm(num_train, generator=generator).split(batch_size)


class Population:
    """Members = weight decays x seeds, trained by AdamW with decoupled weight decay.

    Each member's seed decides its data, initialisation and batch order, and its result equals the ordinary
    PyTorch loop for that seed (`torch.optim.AdamW` on `network(seed)`) up to float rounding.

    Parameters
    ----------
    weight_decays : sequence of float
    splits : sequence of Split
        One a seed, all of the same size; member m has decay m // S and seed m % S.
    widths : sequence of int
        Units from input to output.
    learning_rate : float
    batch_size : int
    device : str
    """

    def __init__(
        self,
        weight_decays: Sequence[float],
        splits: Sequence[Split],
        widths: Sequence[int],
        *,
        learning_rate: float,
        batch_size: int,
        device: str = "cpu",
    ) -> None:
        self.num_seeds = len(splits)
        self.num_members = len(weight_decays) * self.num_seeds
        self.batch_size = batch_size
        self.epoch = 0
        self.x_train_SND = torch.stack([split.x_train_ND for split in splits]).to(device)
        self.y_train_SN = torch.stack([split.y_train_N for split in splits]).to(device)
        self.x_test_SND = torch.stack([split.x_test_ND for split in splits]).to(device)
        self.y_test_SN = torch.stack([split.y_test_N for split in splits]).to(device)
        self.seed_of_member_M = torch.arange(self.num_members, device=device) % self.num_seeds
        decay_M = torch.tensor(weight_decays, dtype=torch.float32, device=device).repeat_interleave(
            self.num_seeds
        )
        self.keep_M11 = (1 - learning_rate * decay_M).view(-1, 1, 1)
        self.parameters = self._initial(len(weight_decays), widths, device)
        self.optimizer = torch.optim.Adam(self.parameters, lr=learning_rate, fused=True)

    def _initial(self, num_decays: int, widths: Sequence[int], device: str) -> list[Tensor]:
        """Weights (M, in, out) and biases (M, 1, out), layer by layer."""
        networks = [network(seed, widths) for seed in range(self.num_seeds)]
        of_layers = zip(*(list(member.parameters()) for member in networks), strict=True)
        stacks = [
            torch.stack([p.detach().t() if p.ndim == 2 else p.detach()[None] for p in ps]) for ps in of_layers
        ]
        return [stack.repeat(num_decays, 1, 1).to(device).requires_grad_() for stack in stacks]

    def logits(self, x_MBD: Tensor) -> Tensor:
        """Forward pass of every member on its own inputs, (M, B, D) to (M, B, C)."""
        hidden = x_MBD
        layers = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for weight, bias in layers[:-1]:
            hidden = torch.baddbmm(bias, hidden, weight).relu()
        weight, bias = layers[-1]
        return torch.baddbmm(bias, hidden, weight)

    def train_epoch(self) -> None:
        """Train every member for one epoch in its own batch order."""
        num_train = self.y_train_SN.shape[1]
        orders = [batch_order(seed, self.epoch, num_train, self.batch_size) for seed in range(self.num_seeds)]
        for batches in zip(*orders, strict=True):
            self._step(torch.stack(batches).to(self.x_train_SND.device))
        self.epoch += 1

    def _step(self, indices_SB: Tensor) -> None:
        rows_S1 = torch.arange(self.num_seeds, device=indices_SB.device)[:, None]
        x_MBD = self.x_train_SND[rows_S1, indices_SB][self.seed_of_member_M]
        y_MB = self.y_train_SN[rows_S1, indices_SB][self.seed_of_member_M]
        self.optimizer.zero_grad()
        self._losses(self.logits(x_MBD), y_MB).sum().backward()  # a sum: members do not share gradients
        with torch.no_grad():  # AdamW decays before it steps (Loshchilov and Hutter 2019, algorithm 2)
            for parameter in self.parameters:
                parameter.mul_(self.keep_M11)
        self.optimizer.step()

    @staticmethod
    def _losses(logits_MBC: Tensor, y_MB: Tensor) -> Tensor:
        """Mean cross-entropy of each member, (M,)."""
        return (
            F.cross_entropy(logits_MBC.flatten(0, 1), y_MB.flatten(), reduction="none")
            .view(y_MB.shape)
            .mean(1)
        )

    @torch.no_grad()
    def outcome(self) -> dict[str, list[float]]:
        """What each member has come to: quantity to M values.

        Training figures are taken on the labels that it was trained on, wrong ones included. The
        generalization gap is training minus test accuracy, and test minus training loss: positive is
        overfitting.
        """
        train_loss, train_accuracy = self._score(self.x_train_SND, self.y_train_SN)
        test_loss, test_accuracy = self._score(self.x_test_SND, self.y_test_SN)
        squares = sum(weight.square().sum((1, 2)) for weight in self.parameters[::2])
        weight_norm = [sqrt(square) for square in torch.as_tensor(squares).tolist()]
        columns = {
            "train_accuracy": train_accuracy,
            "test_accuracy": test_accuracy,
            "gap_accuracy": train_accuracy - test_accuracy,
            "train_loss": train_loss,
            "test_loss": test_loss,
            "gap_loss": test_loss - train_loss,
        }
        return {name: values.tolist() for name, values in columns.items()} | {"weight_norm": weight_norm}

    def _score(self, x_SND: Tensor, y_SN: Tensor) -> tuple[Tensor, Tensor]:
        logits_MNC = self.logits(x_SND[self.seed_of_member_M])
        y_MN = y_SN[self.seed_of_member_M]
        return self._losses(logits_MNC, y_MN), (logits_MNC.argmax(-1) == y_MN).float().mean(1)

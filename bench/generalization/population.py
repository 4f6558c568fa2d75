"""A population in training: settings x seeds that share shapes, one step for all of them at a time.

Shape suffixes: M members, S seeds, K different data, N samples, B samples of a batch, D features.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.backends import cudnn
from torch.nn import functional as F

from bench.generalization.data import Data, split
from bench.generalization.networks import batch_order, network
from bench.generalization.replayed import Replays
from bench.generalization.setting import OF_DATA, Setting
from bench.generalization.stacked import Stacked, column, overwrite

MOMENTUM = 0.9
NEAR_ZERO = 1e-3  # a weight this small moves no logit that anybody would notice
HALF_A_SAMPLE = 0.5
PARTS = ("train", "validation", "test")
UNCAPTURED = "This instance was constructed with capturable=True"  # so begins what torch says of a first step


class Population:
    """Members = settings x seeds; member m has setting m // S and seed m % S.

    Every member equals the ordinary PyTorch loop of its setting and seed (`bench.generalization.twins`) up to
    float rounding: same start, batches, dropout masks, data; and a member that diverges harms no other.

    Parameters
    ----------
    settings : sequence of Setting
        Alike in what they have in `shared`.
    seeds : sequence of int
    data : Data
    device : str
        On a GPU the population has a stream of its own, so that others train beside it, and its steps are
        replayed.
    """

    def __init__(
        self, settings: Sequence[Setting], seeds: Sequence[int], data: Data, device: str = "cpu"
    ) -> None:
        if len({setting.shared for setting in settings}) != 1:
            raise ValueError("settings of one population have the same shapes and the same optimizer")
        self.settings, self.seeds, self.device = tuple(settings), tuple(seeds), torch.device(device)
        self.setting = settings[0]
        self.epoch = 0
        self.stream = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None
        self.replays = None if self.stream is None else Replays()
        with self._in_place():
            self._take_data(data)
            self._build(data)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """Run what follows on the population's stream, convolutions in full precision and always alike."""
        if self.stream is None:
            yield
            return
        with (
            warnings.catch_warnings(),
            torch.cuda.stream(self.stream),
            cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            warnings.filterwarnings("ignore", message=UNCAPTURED)
            yield

    def _build(self, data: Data) -> None:
        """Make the members and what they differ in."""
        networks = [
            network(self._with_dropout(), seed, data.image_shape, data.x_ND.shape[1], data.num_classes)
            for seed in self.seeds
        ]
        num_seeds = len(self.seeds)
        self.seed_of_member_M = torch.arange(len(self.settings) * num_seeds, device=self.device) % num_seeds
        self.stacked = Stacked(networks, self._column("dropout"), self.seed_of_member_M)
        self.optimizer = self._optimizer()
        self.rate_M = self._column("learning_rate")
        self.l2_M, l1_M = self._column("l2"), self._column("l1")
        is_proximal_M = self._column("l1_kind", lambda kind: kind == "proximal") > 0
        self.subgradient_M = l1_M * ~is_proximal_M
        self.threshold_M = self.rate_M * l1_M * is_proximal_M
        self.kept_M = 1 - self.rate_M * self._column("weight_decay")
        self.decays = any(one.weight_decay for one in self.settings)
        self.has_l2 = any(one.l2 for one in self.settings)
        self.has_subgradient = any(one.l1 and one.l1_kind == "subgradient" for one in self.settings)
        self.thresholds = any(one.l1 and one.l1_kind == "proximal" for one in self.settings)
        self.patience_M = self._column("patience", lambda n: float("inf") if n is None else n)
        self.best_loss_M = torch.full_like(self.rate_M, float("inf"))
        self.best_epoch_M = torch.zeros_like(self.rate_M)
        self.stopped_M = torch.zeros_like(self.rate_M, dtype=torch.bool)
        self.best = self.stacked.snapshot() if self.stops_early else None
        self.before = [value.detach().clone() for value in self._hidden()]

    def _hidden(self) -> list[Tensor]:
        """Return the weights of all layers but the last: those that a norm follows, where there is one."""
        return [value for value in self.stacked.parameters.values() if _is_weight(value)][:-1]

    @property
    def stops_early(self) -> bool:
        """Whether any member has a patience."""
        return any(setting.patience is not None for setting in self.settings)

    @property
    def num_members(self) -> int:
        """How many models there are."""
        return self.stacked.num_members

    @property
    def is_over(self) -> bool:
        """Whether no further epoch would change anything."""
        if self.epoch >= self.setting.epochs:
            return True
        if any(setting.patience is None for setting in self.settings):
            return False  # without asking the device, which would have to be waited for
        with self._in_place():
            return bool(self.stopped_M.all())

    @property
    def replay_problem(self) -> str:
        """Why a GPU's steps cannot be replayed as CUDA graphs, nothing where they can."""
        return "" if self.replays is None else self.replays.problem

    def _with_dropout(self) -> Setting:
        """Return the setting whose network has the layers of all members."""
        return max(self.settings, key=lambda setting: setting.dropout)

    def _column(self, name: str, value: Callable[[Any], float] = float) -> Tensor:
        """Return a field of the settings, one value a member, (M,)."""
        values = [float(value(getattr(setting, name))) for setting in self.settings for _ in self.seeds]
        return torch.tensor(values, device=self.device)

    def _take_data(self, data: Data) -> None:
        """Stack the splits: one for every seed and every way in which settings change the data."""
        kinds = {setting.of(OF_DATA): setting for setting in self.settings}
        splits = [split(data, setting, seed) for setting in kinds.values() for seed in self.seeds]
        spoiled = [one.y_test_spoiled for one in splits]
        self.y_test_spoiled = torch.stack(spoiled).to(self.device)
        self.x, self.y = (
            {
                part: _stack([getattr(one, f"{axis}_{part}") for one in splits]).to(self.device)
                for part in PARTS
            }
            for axis in "xy"
        )
        kind_of = [list(kinds).index(setting.of(OF_DATA)) for setting in self.settings]
        data_of = [kind * len(self.seeds) + number for kind in kind_of for number in range(len(self.seeds))]
        self.data_of_member_M = torch.tensor(data_of, device=self.device)
        self.num_train, self.num_classes = self.x["train"].shape[1], data.num_classes

    def _optimizer(self) -> torch.optim.Optimizer:
        """Return SGD at rate 1, for gradients that are multiplied by each member's own rate, or Adam."""
        parameters = list(self.stacked.parameters.values())
        if self.setting.method == "sgd":
            return torch.optim.SGD(parameters, lr=1.0, momentum=MOMENTUM, fused=True)
        rate, is_captured = self.setting.learning_rate, self.stream is not None
        return torch.optim.Adam(parameters, lr=rate, fused=True, capturable=is_captured)

    def train_epoch(self) -> None:
        """Train every member for one epoch in its seed's batch order, then look who stops."""
        orders = [
            batch_order(seed, self.epoch, self.num_train, self.setting.batch_size) for seed in self.seeds
        ]
        sizes = [len(batch) for batch in orders[0]]
        indices_SN = torch.stack([torch.cat(order) for order in orders])
        with self._in_place():
            for kept, value in zip(self.before, self._hidden(), strict=True):
                kept.copy_(value.detach())
            whole = map(self._moved, (indices_SN, *self.stacked.draw(sizes)))
            for batches in zip(*(one.split(sizes, 1) for one in whole), strict=True):
                if self.replays is None:
                    self._step(*batches)
                else:
                    self.replays.run(self._step, *batches)
            self.epoch += 1
            if self.stops_early:
                self._stop()

    def _moved(self, value: Tensor) -> Tensor:
        """Return a tensor on the device, without waiting for what the device has yet to do."""
        return value if self.stream is None else value.pin_memory().to(self.device, non_blocking=True)

    def _step(self, indices_SB: Tensor, *drawn: Tensor) -> None:
        rows_M1, indices_MB = self.data_of_member_M[:, None], indices_SB[self.seed_of_member_M]
        x_MBD, y_MB = self.x["train"][rows_M1, indices_MB], self.y["train"][rows_M1, indices_MB]
        self.optimizer.zero_grad()
        logits = self.stacked.logits(x_MBD, is_training=True, drawn=drawn)
        losses(logits, y_MB).sum().backward()  # a sum: members share no gradient
        with torch.no_grad():
            self._regularize_before()
            self.optimizer.step()
            self._regularize_after()

    def _regularize_before(self) -> None:
        """Add penalties to the gradients, and decay: AdamW decays before it steps (its algorithm 2)."""
        is_sgd = self.setting.method == "sgd"
        if not (self.decays or self.has_l2 or self.has_subgradient or is_sgd):
            return
        for value in self.stacked.parameters.values():
            assert value.grad is not None
            if self.has_l2:
                value.grad.addcmul_(value, column(self.l2_M, value))
            if self.has_subgradient and _is_weight(value):
                value.grad.addcmul_(value.sign(), column(self.subgradient_M, value))
            if self.decays:
                value.mul_(column(self.kept_M, value))
            if is_sgd:
                value.grad.mul_(column(self.rate_M, value))

    def _regularize_after(self) -> None:
        """Soft-threshold the weights: the proximal step of the L1 norm."""
        for value in self.stacked.parameters.values() if self.thresholds else ():
            if _is_weight(value):
                value.copy_(F.relu(value.abs() - column(self.threshold_M, value)) * value.sign())

    @torch.no_grad()
    def _stop(self) -> None:
        """Keep the members that did better on validation than ever; stop those that have not for too long."""
        assert self.best is not None
        loss_M, _ = self._score("validation")
        better_M = (loss_M < self.best_loss_M) & ~self.stopped_M
        self.best_loss_M = torch.where(better_M, loss_M, self.best_loss_M)
        self.best_epoch_M.masked_fill_(better_M, self.epoch)
        overwrite(self.best, self.stacked.values, better_M)
        self.stopped_M |= self.epoch - self.best_epoch_M >= self.patience_M

    @torch.no_grad()
    def outcome(self) -> dict[str, list[float]]:
        """Return what each member has come to, with its best validation point where it has a patience.

        Returns
        -------
        dict
            Quantity to M values: loss and accuracy in training (on the labels trained on, wrong ones
            included), validation and test; `gap_accuracy` (training less test) and `gap_loss` (test less
            training), both with equally many wrong labels, positive where it overfits; `weight_norm`,
            `near_zero_share` and `exact_zero_share` of the weights; `effective_learning_rate` of all layers
            but the last, the learning rate over their squared norm (van Laarhoven 2017), under Adam, whose
            steps do not grow with the gradient, over the norm; `turn`, the angle in radians by which their
            weights turned in the last epoch, mean over layers, NaN with a patience; both NaN without hidden
            layers; `stopped_epoch`; `diverged`, whether loss or weights are no longer finite; `at_chance`,
            whether it names the training labels no better than always naming the most frequent one would.
        """
        with self._in_place():
            current = self.stacked.snapshot() if self.best is not None else None
            if self.best is not None:
                has_best_M = torch.isfinite(self.patience_M) & (self.best_epoch_M > 0)
                overwrite(self.stacked.values, self.best, has_best_M)
            columns = self._columns()
            if current is not None:
                overwrite(self.stacked.values, current, torch.ones_like(self.stopped_M))
            return {name: values.tolist() for name, values in columns.items()}

    def _columns(self) -> dict[str, Tensor]:
        scores = {part: self._score(part) for part in PARTS}
        spoiled = self._score("test", self.y_test_spoiled)
        weights = [value.flatten(1) for value in self.stacked.parameters.values() if _is_weight(value)]
        all_MW = torch.cat(weights, 1)
        norm_M = all_MW.norm(dim=1)
        epochs_M = torch.full_like(norm_M, self.epoch)
        stopped_M = torch.where(torch.isfinite(self.patience_M), self.best_epoch_M, epochs_M)
        diverged_M = ~torch.isfinite(scores["train"][0]) | ~torch.isfinite(norm_M)
        return {
            **{f"{part}_loss": loss for part, (loss, _) in scores.items()},
            **{f"{part}_accuracy": accuracy for part, (_, accuracy) in scores.items()},
            "gap_accuracy": scores["train"][1] - spoiled[1],
            "gap_loss": spoiled[0] - scores["train"][0],
            "weight_norm": norm_M,
            "near_zero_share": (all_MW.abs() < NEAR_ZERO).float().mean(1),
            "exact_zero_share": (all_MW == 0).float().mean(1),
            "effective_learning_rate": self._effective_rate(),
            "turn": self._turn(),
            "stopped_epoch": stopped_M,
            "diverged": diverged_M,
            "at_chance": (scores["train"][1] < self._guessed() + HALF_A_SAMPLE / self.num_train)
            & ~diverged_M,
        }

    def _effective_rate(self) -> Tensor:
        """Return the learning rate over the hidden weights' norm, squared under SGD, (M,)."""
        hidden = [value.flatten(1) for value in self._hidden()]
        if not hidden:
            return torch.full_like(self.rate_M, float("nan"))
        norm_M = torch.cat(hidden, 1).norm(dim=1)
        return self.rate_M / (norm_M.square() if self.setting.method == "sgd" else norm_M)

    def _turn(self) -> Tensor:
        """Return by how many radians the hidden weights have turned since the last epoch began, (M,)."""
        angles = [
            angle(kept.flatten(1), value.flatten(1))
            for kept, value in zip(self.before, self._hidden(), strict=True)
        ]
        nan_M = torch.full_like(self.rate_M, float("nan"))
        turn_M = torch.stack(angles).mean(0) if angles else nan_M
        return torch.where(torch.isfinite(self.patience_M), nan_M, turn_M)  # the best epoch is not the last

    def _guessed(self) -> Tensor:
        """Return the share of the most frequent training label, (M,)."""
        return F.one_hot(self.y["train"], self.num_classes).float().mean(1).amax(1)[self.data_of_member_M]

    def _score(self, part: str, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy of every member on its own samples, (M,) each."""
        y_MN = (self.y[part] if labels is None else labels)[self.data_of_member_M]
        logits = self.stacked.logits(self.x[part][self.data_of_member_M], is_training=False)
        return losses(logits, y_MN), (logits.argmax(-1) == y_MN).to(logits.dtype).mean(1)


def angle(before_MW: Tensor, after_MW: Tensor) -> Tensor:
    """Return the angles between rows in radians, precise where they are small too, (M,)."""
    apart_MW = F.normalize(after_MW, dim=1) - F.normalize(before_MW, dim=1)
    return 2 * (apart_MW.norm(dim=1) / 2).clamp_max(1).asin()


def losses(logits_MBC: Tensor, y_MB: Tensor) -> Tensor:
    """Mean cross-entropy of each member, (M,)."""
    each = F.cross_entropy(logits_MBC.flatten(0, 1), y_MB.flatten(), reduction="none")
    return each.view(y_MB.shape).mean(1)


def _stack(values: list[Tensor]) -> Tensor:
    """Return inputs in the default precision, labels as they are."""
    stacked = torch.stack(values)
    return stacked.to(torch.get_default_dtype()) if stacked.is_floating_point() else stacked


def _is_weight(value: Tensor) -> bool:
    """Whether a stacked parameter is a weight: biases and the scales of norms are vectors, (M, units)."""
    return value.ndim > 2

"""What weight decay does to the generalization gap: nine decays x eight seeds on digits, as one population.

A small training set with wrong labels invites overfitting. The network is large enough to learn the wrong
labels by heart; weight decay (decoupled, AdamW) takes that away from it, and beyond a point everything else.
"""

from collections.abc import Sequence
from math import ceil
from time import perf_counter
from typing import Any, ClassVar

import torch

from bench.configuration import Options, Params, PassResult, configurations
from bench.devices import require_device
from bench.population import Population, digits_split
from diagnostics.intervals import mean_interval

WEIGHT_DECAYS = (0.0, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
NUM_SEEDS, FULL_SEEDS = 8, 16
NUM_EPOCHS = 60
NUM_TRAIN, WRONG_LABEL_SHARE = 300, 0.2
WIDTHS = (64, 256, 256, 10)
LEARNING_RATE, BATCH_SIZE = 1e-3, 32


class WeightDecayStudy:
    """The whole grid in training; each pass takes it a share of the epochs further, a round is an epoch."""

    unit: ClassVar[str] = "epoch"

    def __init__(self, device: str, num_seeds: int) -> None:
        splits = [digits_split(seed, NUM_TRAIN, WRONG_LABEL_SHARE) for seed in range(num_seeds)]
        self.device = device
        self.population = Population(
            WEIGHT_DECAYS, splits, WIDTHS, learning_rate=LEARNING_RATE, batch_size=BATCH_SIZE, device=device
        )

    def warm_up(self) -> None:
        """Nothing to do: the first epoch is part of the training."""

    def measure(self, seconds: float, until: float) -> PassResult:
        """Train up to the share `until` of all epochs, then look at every member."""
        del seconds
        torch.set_num_threads(1)
        rounds: list[float] = []
        while not rounds or self.population.epoch < ceil(until * NUM_EPOCHS):
            starts = perf_counter()
            self.population.train_epoch()
            if self.device != "cpu":
                torch.cuda.synchronize()
            rounds.append(perf_counter() - starts)
        return PassResult(rounds, figures={"num_members": self.population.num_members}, study=self._study())

    def close(self) -> None:
        """Let go of the population."""
        del self.population

    def _study(self) -> dict[str, Any]:
        num_seeds = self.population.num_seeds
        outcome = self.population.outcome()
        rows = [
            {
                "weight_decay": decay,
                "seed": seed,
                **{quantity: values[i * num_seeds + seed] for quantity, values in outcome.items()},
            }
            for i, decay in enumerate(WEIGHT_DECAYS)
            for seed in range(num_seeds)
        ]
        return {
            "name": "weight decay on digits",
            "epochs": self.population.epoch,
            "num_epochs": NUM_EPOCHS,
            "seeds": num_seeds,
            "num_train": NUM_TRAIN,
            "wrong_label_share": WRONG_LABEL_SHARE,
            "network": "-".join(map(str, WIDTHS)),
            "optimizer": f"AdamW, learning rate {LEARNING_RATE}, batch {BATCH_SIZE}",
            "rows": rows,
            "intervals": intervals_over_seeds(rows),
        }


def intervals_over_seeds(rows: Sequence[Params]) -> list[dict[str, Any]]:
    """Mean and 95 % interval over seeds of each quantity at each decay, and of its change from no decay.

    The change is paired by seed: the same data, initialisation and batch order with and without decay.
    """
    quantities = [key for key in rows[0] if key not in {"weight_decay", "seed"}]
    values = {
        (decay, q): [row[q] for row in rows if row["weight_decay"] == decay]
        for decay in WEIGHT_DECAYS
        for q in quantities
    }
    table = []
    for (decay, quantity), with_decay in values.items():
        without = values[WEIGHT_DECAYS[0], quantity]
        change = [a - b for a, b in zip(with_decay, without, strict=True)]
        for name, series in ((quantity, with_decay), (f"{quantity}_change", change)):
            table.append({"weight_decay": decay, "quantity": name, **mean_interval(series).as_dict()})
    return table


def grid(options: Options) -> list[Params]:
    """One population on every device."""
    num_seeds = FULL_SEEDS if options.is_full else NUM_SEEDS
    return [{"device": device, "num_seeds": num_seeds} for device in options.devices]


@configurations(
    grid, topic="weight_decay", group="Weight decay, one population on {device}: seconds per epoch"
)
def bench_weight_decay(device: str, num_seeds: int) -> WeightDecayStudy:
    """Nine weight decays, several seeds, trained at once."""
    require_device(device)
    return WeightDecayStudy(device, num_seeds)

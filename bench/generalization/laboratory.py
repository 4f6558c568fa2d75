"""The whole of the studies as one piece of work that can be done in parts: train, look, judge the claims."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import pandas as pd

from bench.generalization.biases import TARGETS, margins, target_settings, with_target
from bench.generalization.curves import comparisons, curves
from bench.generalization.data import Data
from bench.generalization.linear_map import verified
from bench.generalization.smoothness import RATES, smoothness
from bench.generalization.studies import PLAIN, settings
from bench.generalization.training import Frame, Training
from diagnostics.hypotheses import judge
from diagnostics.intervals import mean_interval

HISTORY = (1, 2, 5, 10, 20, 30, 45, 60)
SHARE_OF_TRAINING = 0.8  # of the work; the rest are the measurements that need no population


class Laboratory:
    """Every study on one data set, with the seeds that are given.

    Parameters
    ----------
    data : Data
    seeds : sequence of int
    is_full : bool
        All settings rather than a cut of each study.
    device : str
    """

    def __init__(self, data: Data, seeds: Sequence[int], *, is_full: bool, device: str = "cpu") -> None:
        self.data, self.seeds = data, tuple(seeds)
        grid = settings(is_full=is_full, has_images=data.has_images, max_train=data.max_train)
        self.settings = grid
        self.plain = next(one for one in grid if one.name == PLAIN.name)
        self.training = Training(grid, self.seeds, data, device, HISTORY)
        self.targets = {
            target: Training(target_settings(self.plain), self.seeds, with_target(data, target), device)
            for target in TARGETS
        }
        self.extras: list[Frame] = []
        self.num_looked = 0

    @property
    def trainings(self) -> tuple[Training, ...]:
        """The studies' training and those on the made-up targets."""
        return (self.training, *self.targets.values())

    @property
    def num_members(self) -> int:
        """How many networks are trained."""
        return sum(one.num_members for one in self.trainings)

    @property
    def replay_problem(self) -> str:
        """Why some steps on a GPU cannot be replayed as CUDA graphs, nothing where all can."""
        return next(filter(None, (one.replay_problem for one in self.trainings)), "")

    def work(self, until: float) -> Iterator[float]:
        """Do a share of everything; yield how much of this share is done after each piece.

        The first pieces are epochs of all networks that are not yet so far, the others a seed's looks.
        """
        for pieces in zip_longest(*(one.epochs(min(1.0, until)) for one in self.trainings), fillvalue=1.0):
            yield SHARE_OF_TRAINING * min(pieces)
        wanted = round(until * len(self.seeds))
        while self.num_looked < wanted:
            self.extras.append(self._look(self.seeds[self.num_looked]))
            self.num_looked += 1
            yield SHARE_OF_TRAINING + (1 - SHARE_OF_TRAINING) * self.num_looked / max(1, wanted)

    @property
    def is_complete(self) -> bool:
        """Whether everything is trained and looked at."""
        return all(one.is_over for one in self.trainings) and self.num_looked == len(self.seeds)

    def _look(self, seed: int) -> Frame:
        """Measure what needs no population for one seed."""
        rows = margins(self.data, self.plain, seed)
        for norm, name in (("none", "smoothness"), ("batch", "smoothness, batch norm")):
            for steps, rate in RATES.items():
                looks = smoothness(self.data, self.plain, seed, norm, rate)
                rows.append({"setting": f"{name}{steps}", "seed": seed, **looks})
        return pd.DataFrame(rows)

    def rows(self) -> Frame:
        """Return one row a setting and seed: what all have come to so far."""
        frames: dict[str, Frame] = {target: training.frame() for target, training in self.targets.items()}
        targets = [rows.assign(setting=rows["setting"] + f", {target}") for target, rows in frames.items()]
        return pd.concat([self.training.frame(), *targets, *self.extras], ignore_index=True)

    def study(self) -> dict[str, Any]:
        """Return the outcome as a result file holds it, JSON types only (ARCHITECTURE.md)."""
        rows = self.rows()
        return {
            "name": f"generalization on {self.data.name}",
            "data": self.data.name,
            "seeds": len(self.seeds),
            "models": self.num_members,
            "num_train": self.plain.num_train,
            "wrong_label_share": self.plain.label_noise,
            "network": f"MLP {'-'.join(map(str, self.plain.widths))}",
            "optimizer": f"AdamW, learning rate {self.plain.learning_rate:g}, batch {self.plain.batch_size}",
            "is_complete": self.is_complete,
            "samples": len(self.data.x_ND),
            "samples_found": self.data.num_found,
            "diverged": _counted(rows, "diverged"),
            "at_chance": _counted(rows, "at_chance"),
            "settings": {one.name: one.as_params() for one in self.settings},
            "curves": {study: [list(p) for p in points] for study, points in curves(self.settings).items()},
            "comparisons": comparisons(self.settings, tuple(self.targets)),
            "rows": _records(rows),
            "history": _history(self.training.history),
            "claims": [one.as_dict() for one in judge(rows, is_complete=self.is_complete)],
            "linear_map": verified(),
        }


def _counted(rows: Frame, column: str) -> dict[str, int]:
    """Return how many members of each setting are so."""
    return rows.loc[rows[column].eq(True), "setting"].value_counts().to_dict()


def _records(rows: Frame) -> list[dict[str, Any]]:
    """Return rows without the columns that a kind of row does not have."""
    return [{k: v for k, v in row.items() if not pd.isna(v)} for row in rows.to_dict("records")]


def _history(frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """Return mean and interval over seeds after some epochs: enough for learning curves, and small."""
    if not frames:
        return []
    rows: Frame = pd.concat(frames)
    return [
        {
            "setting": setting,
            "epoch": int(epoch),
            "quantity": quantity,
            **mean_interval(part[quantity]).as_dict(),
        }
        for (setting, epoch), part in rows.groupby(["setting", "epoch"], sort=False)
        for quantity in ("train_accuracy", "validation_accuracy", "test_accuracy", "weight_norm")
    ]

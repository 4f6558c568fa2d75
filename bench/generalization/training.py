"""Settings x seeds in training, as few populations as do the same, a share of the epochs at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import Any, TypeAlias

import joblib
import pandas as pd

from bench.generalization.data import Data
from bench.generalization.population import Population
from bench.generalization.setting import Setting

Frame: TypeAlias = Any  # a DataFrame; the stubs of pandas know nothing of what its columns hold


class Training:
    """All members of a study, whose training can be stopped and continued.

    Populations train beside each other: on the CPU one a thread, for torch lets other threads run during its
    operations, and on a GPU one a stream. How members are shared out among populations changes no member.

    Parameters
    ----------
    settings : sequence of Setting
        Their names differ.
    seeds : sequence of int
    data : Data
    device : str
    history : sequence of int
        Epochs after which the members are looked at as well, for learning curves.
    num_threads : int, optional
        By default one a core on the CPU; on a GPU a single one issues all that the device does.
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        seeds: Sequence[int],
        data: Data,
        device: str = "cpu",
        history: Sequence[int] = (),
        num_threads: int | None = None,
    ) -> None:
        names = [setting.name for setting in settings]
        if len(set(names)) != len(names):
            raise ValueError("every setting of a study needs a name of its own")
        self.num_threads = num_threads or (joblib.cpu_count() if device == "cpu" else 1)
        shared_out = _shared_out(settings, tuple(seeds), self.num_threads, is_gpu=device != "cpu")
        self.order = names
        self.populations = [Population(group, part, data, device) for group, part in shared_out]
        self.history_epochs = frozenset(history)
        self.history: list[pd.DataFrame] = []

    @property
    def num_members(self) -> int:
        """How many models there are."""
        return sum(one.num_members for one in self.populations)

    @property
    def replay_problem(self) -> str:
        """Why some steps on a GPU cannot be replayed as CUDA graphs, nothing where all can."""
        return next(filter(None, (one.replay_problem for one in self.populations)), "")

    @property
    def is_over(self) -> bool:
        """Whether everything is trained."""
        return all(one.is_over for one in self.populations)

    def epochs(self, until: float = 1.0) -> Iterator[float]:
        """Train up to the share `until` of each member's epochs; yield how much is done after each round.

        A round is one epoch of every population that has not come so far.
        """
        ends = {one: ceil(until * one.setting.epochs) for one in self.populations}
        total = sum(ends.values())
        with ThreadPoolExecutor(self.num_threads) as pool:
            while waiting := [one for one, end in ends.items() if one.epoch < end and not one.is_over]:
                self.history += [rows for rows in pool.map(self._train_epoch, waiting) if rows is not None]
                yield sum(end if one.is_over else min(one.epoch, end) for one, end in ends.items()) / total

    def _train_epoch(self, population: Population) -> pd.DataFrame | None:
        """Train for one epoch; return the rows where this one is looked at."""
        population.train_epoch()
        return rows_of(population) if population.epoch in self.history_epochs else None

    def frame(self) -> pd.DataFrame:
        """Return one row a setting and seed, in the settings' order, `complete` where training is over."""
        rows = pd.concat([rows_of(one) for one in self.populations], ignore_index=True)
        place = {name: number for number, name in enumerate(self.order)}
        return rows.sort_values(["setting", "seed"], key=lambda c: c.map(place) if c.name == "setting" else c)


def _shared_out(
    settings: Sequence[Setting], seeds: tuple[int, ...], num_threads: int, *, is_gpu: bool
) -> list[tuple[list[Setting], tuple[int, ...]]]:
    """Return settings and seeds of each population, those with most members first.

    On the CPU, what only some settings need, such as dropout's random numbers, is not computed for others,
    and a population with more than a thread's share of the members is divided by seeds. A GPU computes it for
    all in the time of one more launch.
    """
    groups: dict[tuple[object, ...], list[Setting]] = {}
    for setting in settings:
        wants = (setting.dropout > 0, setting.l1 > 0, setting.patience is not None)
        groups.setdefault((setting.shared, *(() if is_gpu else wants)), []).append(setting)
    shared_out = []
    for group in groups.values():
        num_parts = min(len(seeds), ceil(num_threads * len(group) / len(settings)))
        shared_out += [(group, seeds[first::num_parts]) for first in range(num_parts)]
    return sorted(shared_out, key=lambda one: len(one[0]) * len(one[1]), reverse=True)


def rows_of(population: Population) -> pd.DataFrame:
    """Return one row a member: `setting`, `seed`, `epoch`, `complete` and the columns of `outcome`."""
    who = [(setting.name, seed) for setting in population.settings for seed in population.seeds]
    frame = pd.DataFrame(population.outcome())
    frame.insert(0, "setting", [name for name, _ in who])
    frame.insert(1, "seed", [seed for _, seed in who])
    return frame.assign(epoch=population.epoch, complete=population.is_over)


def train(settings: Sequence[Setting], seeds: Sequence[int], data: Data, device: str = "cpu") -> pd.DataFrame:
    """Train a study's members at once, to the end; return what they came to, as `Training.frame`."""
    training = Training(settings, seeds, data, device)
    for _ in training.epochs():
        pass
    return training.frame()

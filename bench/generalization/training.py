"""Settings x seeds in training, as few populations as their shapes allow, a share of the epochs at a time."""

from collections.abc import Callable, Iterator, Sequence
from math import ceil
from time import monotonic

import pandas as pd

from bench.generalization.data import Data
from bench.generalization.population import Population
from bench.generalization.setting import SHARED, Setting

Listener = Callable[[float], None]


class Training:
    """All members of a study, whose training can be stopped and continued.

    Parameters
    ----------
    settings : sequence of Setting
        Their names differ.
    seeds : sequence of int
    data : Data
    device : str
    history : sequence of int
        Epochs after which the members are looked at as well, for learning curves.
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        seeds: Sequence[int],
        data: Data,
        device: str = "cpu",
        history: Sequence[int] = (),
    ) -> None:
        names = [setting.name for setting in settings]
        if len(set(names)) != len(names):
            raise ValueError("every setting of a study needs a name of its own")
        groups: dict[tuple[object, ...], list[Setting]] = {}
        for setting in settings:
            groups.setdefault(setting.of(SHARED), []).append(setting)
        self.order = names
        self.populations = [Population(group, seeds, data, device) for group in groups.values()]
        self.history_epochs = frozenset(history)
        self.history: list[pd.DataFrame] = []

    @property
    def num_members(self) -> int:
        """How many models there are."""
        return sum(one.num_members for one in self.populations)

    @property
    def is_over(self) -> bool:
        """Whether everything is trained."""
        return all(one.is_over for one in self.populations)

    def epochs(self, until: float = 1.0) -> Iterator[float]:
        """Train up to the share `until` of each member's epochs; yield how much is done after each one."""
        total = sum(ceil(until * one.setting.epochs) for one in self.populations)
        for population in self.populations:
            while population.epoch < ceil(until * population.setting.epochs) and not population.is_over:
                population.train_epoch()
                if population.epoch in self.history_epochs:
                    self.history.append(rows_of(population))
                yield (
                    sum(min(one.epoch, ceil(until * one.setting.epochs)) for one in self.populations) / total
                )

    def frame(self) -> pd.DataFrame:
        """Return one row a setting and seed, in the settings' order, `complete` where training is over."""
        rows = pd.concat([rows_of(one) for one in self.populations], ignore_index=True)
        place = {name: number for number, name in enumerate(self.order)}
        return rows.sort_values(["setting", "seed"], key=lambda c: c.map(place) if c.name == "setting" else c)


def rows_of(population: Population) -> pd.DataFrame:
    """Return one row a member: `setting`, `seed`, `epoch`, `complete` and the columns of `outcome`."""
    who = [(setting.name, seed) for setting in population.settings for seed in population.seeds]
    frame = pd.DataFrame(population.outcome())
    frame.insert(0, "setting", [name for name, _ in who])
    frame.insert(1, "seed", [seed for _, seed in who])
    return frame.assign(epoch=population.epoch, complete=population.is_over)


def train(
    settings: Sequence[Setting],
    seeds: Sequence[int],
    data: Data,
    device: str = "cpu",
    *,
    progress: Listener | None = None,
    budget_seconds: float | None = None,
    history: Sequence[int] = (),
) -> pd.DataFrame:
    """Train a study's members at once and return what they came to.

    Parameters
    ----------
    settings, seeds, data, device, history
        As `Training` takes them.
    progress : callable, optional
        Hears the share that is done.
    budget_seconds : float, optional
        Training ends after the epoch in which it is spent; rows of unfinished members say `complete` False.
        Ctrl-C does the same.

    Returns
    -------
    DataFrame
        One row a setting and seed, as `Training.frame`; `attrs["history"]` has the rows of earlier epochs.
    """
    training = Training(settings, seeds, data, device, history)
    begun = monotonic()
    try:
        for done in training.epochs():
            if progress is not None:
                progress(done)
            if budget_seconds is not None and monotonic() - begun > budget_seconds:
                break
    except KeyboardInterrupt:
        pass
    frame = training.frame()
    frame.attrs["history"] = training.history
    return frame

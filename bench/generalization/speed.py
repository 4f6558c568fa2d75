"""The population against ordinary loops: one after another, and on all cores. Same models, same run."""

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import joblib
import torch

from bench.generalization.data import Data
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data
from bench.generalization.training import Frame, Training, train
from bench.generalization.twins import twin

SHORT_EPOCHS = 3  # with outliers under batch norm and SGD ten multiply rounding without bound
COMPARED = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "weight_norm")


@dataclass(frozen=True)
class Speed:
    """Seconds for the same models in three ways.

    Attributes
    ----------
    kind : str
        What the models are called.
    num_models, num_cores : int
    device : str
        Where the population trains; the loops run on the CPU.
    replay_problem : str
        Why a GPU's steps could not be replayed as CUDA graphs, nothing where they were.
    num_threads : int
        Populations that train beside each other on the CPU, one thread each.
    population_seconds : float
        All models at once.
    num_loops : int
        Ordinary loops that were timed, drawn at random from each population in proportion; fewer than the
        models where all would take too long, and then the seconds below are theirs times models over loops.
    loop_seconds, joblib_seconds : float
        One after another on one thread; on all cores, one thread each, with joblib.
    largest_difference : float
        Between a member and its loop, relative, over losses, accuracies and weight norms of every setting
        with one seed, after a few epochs in double precision: long training at large learning rates
        multiplies any rounding without bound. Infinite where only one of the two diverges.
    """

    kind: str
    device: str
    replay_problem: str
    num_models: int
    num_cores: int
    num_threads: int
    population_seconds: float
    num_loops: int
    loop_seconds: float
    joblib_seconds: float
    largest_difference: float

    @property
    def ratio(self) -> float:
        """How many times as long the loops take, one after another."""
        return self.loop_seconds / self.population_seconds

    @property
    def joblib_ratio(self) -> float:
        """How many times as long they take on all cores."""
        return self.joblib_seconds / self.population_seconds

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {**asdict(self), "ratio": self.ratio, "joblib_ratio": self.joblib_ratio}


def measure(
    kind: str, settings: Sequence[Setting], seeds: Sequence[int], num_loops: int, device: str = "cpu"
) -> Speed:
    """Train the models as a population and as loops.

    Parameters
    ----------
    kind : str
        What the models are called.
    num_loops : int
        Most loops to time in each of the two ways.
    """
    data = load_data("digits")
    torch.set_num_threads(1)
    pairs = _drawn(settings, seeds, num_loops)
    twin(*pairs[0], data)  # whatever is done only once is done before the clock runs
    train([replace(setting, epochs=2) for setting in settings], seeds, data, device)
    starts = perf_counter()
    training = Training(settings, seeds, data, device)
    for _ in training.epochs():
        pass
    training.frame()
    population = perf_counter() - starts
    starts = perf_counter()
    for setting, seed in pairs:
        twin(setting, seed, data)
    loops = perf_counter() - starts
    cores = joblib.cpu_count()
    with joblib.Parallel(n_jobs=cores) as parallel:
        parallel(joblib.delayed(_one)(setting, seed, data) for setting, seed in pairs[:cores])
        starts = perf_counter()
        parallel(joblib.delayed(_one)(setting, seed, data) for setting, seed in pairs)
        spread = perf_counter() - starts
    scale = len(settings) * len(seeds) / len(pairs)
    return Speed(
        kind,
        device,
        training.replay_problem,
        len(settings) * len(seeds),
        cores,
        training.num_threads,
        population,
        len(pairs),
        scale * loops,
        scale * spread,
        _difference(settings, seeds[0], data, device),
    )


def _difference(settings: Sequence[Setting], seed: int, data: Data, device: str) -> float:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        short = [replace(setting, epochs=min(setting.epochs, SHORT_EPOCHS)) for setting in settings]
        rows: Frame = train(short, [seed], data, device).set_index("setting")
        outcomes = {setting.name: twin(setting, seed, data) for setting in short}
    finally:
        torch.set_default_dtype(before)
    return max(
        _apart(float(rows.loc[name, quantity]), outcome[quantity])
        for name, outcome in outcomes.items()
        for quantity in COMPARED
    )


def _apart(member: float, loop: float) -> float:
    """Return how far a member is from its loop: nothing where both diverged, without bound where one did."""
    if math.isfinite(member) and math.isfinite(loop):
        return abs(member - loop) / max(1.0, abs(loop))
    return math.inf if math.isfinite(member) or math.isfinite(loop) else 0.0


def _one(setting: Setting, seed: int, data: Data) -> dict[str, float]:
    torch.set_num_threads(1)
    return twin(setting, seed, data)


def _drawn(settings: Sequence[Setting], seeds: Sequence[int], num_loops: int) -> list[tuple[Setting, int]]:
    """Draw models so that every shape has its share."""
    chance = random.Random(0)
    everything = [(setting, seed) for setting in settings for seed in seeds]
    if len(everything) <= num_loops:
        return everything
    groups: dict[tuple[object, ...], list[tuple[Setting, int]]] = {}
    for pair in everything:
        groups.setdefault(pair[0].shared, []).append(pair)
    share = num_loops / len(everything)
    return [
        pair for group in groups.values() for pair in chance.sample(group, max(1, round(share * len(group))))
    ]

"""The population against ordinary loops: one after another, and on all cores. Same models, same run."""

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from time import perf_counter
from typing import Any, TypeAlias

import joblib
import torch

from bench.generalization.data import Data
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data
from bench.generalization.training import Frame, Training, train
from bench.generalization.twins import twin

Model: TypeAlias = tuple[Setting, int]  # with the seed
MIN_ROUNDS = 2  # of loops on all cores, so that all are busy for most of the time
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
        Ordinary loops that were timed, drawn at random from the models of each shape in proportion; where all
        would take too long, fewer than the models, and each of the others counts as the mean of its shape.
    loop_seconds : float
        One after another on one thread.
    joblib_seconds : float
        On all cores, one thread each, with joblib: what the timed loops took from first to last, and what the
        others add where no core is idle. So the wait for the last loop counts once, as it would with all of
        them; what joblib itself takes to hand out the others counts for nothing, in its favour.
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
    kind: str, settings: Sequence[Setting], seeds: Sequence[int], num_loops: float, device: str = "cpu"
) -> Speed:
    """Train the models as a population and as loops.

    Parameters
    ----------
    kind : str
        What the models are called.
    num_loops : float
        About how many loops to time in each of the two ways, infinite for all; some for every core at least.
    """
    data, cores = load_data("digits"), joblib.cpu_count()
    torch.set_num_threads(1)
    models = [(setting, seed) for setting in settings for seed in seeds]
    timed = _drawn(models, max(num_loops, MIN_ROUNDS * cores))
    twin(*timed[0], data)  # whatever is done only once is done before the clock runs
    train([replace(setting, epochs=2) for setting in settings], seeds, data, device)
    starts = perf_counter()
    training = Training(settings, seeds, data, device)
    for _ in training.epochs():
        pass
    training.frame()
    population = perf_counter() - starts
    alone = [_seconds(*model, data) for model in timed]
    with joblib.Parallel(n_jobs=cores) as parallel:
        parallel(joblib.delayed(_seconds)(*model, data) for model in timed[:cores])
        starts = perf_counter()
        beside = parallel(joblib.delayed(_seconds)(*model, data) for model in timed)
        spread = perf_counter() - starts
    return Speed(
        kind,
        device,
        training.replay_problem,
        len(models),
        cores,
        training.num_threads,
        population,
        len(timed),
        sum(alone) + _others(models, timed, alone),
        spread + _others(models, timed, beside) / cores,
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


def _seconds(setting: Setting, seed: int, data: Data) -> float:
    torch.set_num_threads(1)
    starts = perf_counter()
    twin(setting, seed, data)
    return perf_counter() - starts


def _others(models: Sequence[Model], timed: Sequence[Model], seconds: Sequence[float]) -> float:
    """Return what the models that were not timed take one after another, each as the mean of its shape."""
    of_shape: dict[tuple[Any, ...], list[float]] = {}
    for (setting, _), took in zip(timed, seconds, strict=True):
        of_shape.setdefault(setting.shared, []).append(took)
    means = {shape: fmean(values) for shape, values in of_shape.items()}
    was_timed = set(timed)
    return math.fsum(means[model[0].shared] for model in models if model not in was_timed)


def _drawn(models: Sequence[Model], num_loops: float) -> list[Model]:
    """Draw models so that every shape has its share, rounded up, in random order."""
    chance = random.Random(0)
    shapes: dict[tuple[Any, ...], list[Model]] = {}
    for model in models:
        shapes.setdefault(model[0].shared, []).append(model)
    share = min(1.0, num_loops / len(models))
    drawn = [one for shape in shapes.values() for one in chance.sample(shape, math.ceil(share * len(shape)))]
    return chance.sample(drawn, len(drawn))

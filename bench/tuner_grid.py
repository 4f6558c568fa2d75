"""The exhaustive grid over a DataLoader's worker arguments, and the rules that people use instead.

`python -m bench.tuner_grid TARGET SETTING SEED` measures them in a process of its own, and prints JSON.
"""

import json
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from time import time
from typing import Any

import psutil

from bench.loader_epochs import LoaderEpochs
from bench.start_methods import IN_PROCESS, start_methods_here
from bench.user_data import UserData, load

WORKERS = (0, 1, 2, 3, 4, 6, 8, 12, 16)
PREFETCH_FACTORS = (2, 4)
REPETITIONS, SECONDS = 7, 0.3  # as long as a tuning takes over a setting that it does not drop at once
FEWEST_GROUPS = 6  # batches of each worker in a measurement: they come in bunches
ROUNDS, ROUND_SECONDS = 8, 0.5
NUM_FINALISTS = 3
DOUBLING, DOUBLING_GAIN = "doubling", 1.10
TUTORIAL_WORKERS = 4


@dataclass(frozen=True)
class Setting:
    """What the grid varies."""

    num_workers: int
    prefetch_factor: int = 2
    in_order: bool = True
    start_method: str | None = None

    @classmethod
    def of(cls, recommended: Mapping[str, Any]) -> "Setting":
        """Return what a tuning recommends; without workers nothing else counts."""
        number = int(recommended.get("num_workers") or 0)
        if not number:
            return cls(0)
        in_order = recommended.get("in_order")
        method = recommended.get("multiprocessing_context")
        default = start_methods_here()[0]
        return cls(
            number,
            int(recommended.get("prefetch_factor") or 2),
            in_order is not False,
            None if method == default else method,
        )

    def arguments(self) -> dict[str, Any]:
        """Return DataLoader's arguments."""
        if not self.num_workers:
            return {"num_workers": 0}
        return {
            "num_workers": self.num_workers,
            "prefetch_factor": self.prefetch_factor,
            "in_order": self.in_order,
            "multiprocessing_context": self.start_method or start_methods_here()[0],
        }

    @property
    def name(self) -> str:
        """Return it in a few words."""
        if not self.num_workers:
            return "0 workers"
        words = [
            f"{self.num_workers} worker{'s' * (self.num_workers > 1)}",
            f"prefetch {self.prefetch_factor}",
        ]
        words += [] if self.in_order else ["unordered"]
        return ", ".join([*words, *([self.start_method] if self.start_method else [])])


def settings() -> Iterator[Setting]:
    """Yield the grid: order and prefetching matter only to workers."""
    yield Setting(0)
    for number, prefetch, in_order in product(WORKERS[1:], PREFETCH_FACTORS, (True, False)):
        if number > 1 or in_order:
            yield Setting(number, prefetch, in_order)


def open_loader(data: UserData, setting: Setting) -> LoaderEpochs:
    """Return a loader with its workers started."""
    arguments = setting.arguments()
    method = arguments.pop("multiprocessing_context", IN_PROCESS)
    loader = LoaderEpochs(
        data.dataset,
        batch_size=data.batch_size,
        collate_fn=data.collate_fn,
        start_method=method,
        **arguments,
    )
    loader.warm_up()
    return loader


def measured(loader: LoaderEpochs, seconds: float) -> float:
    """Return samples per second over about so many seconds, more where every worker needs them."""
    longer = FEWEST_GROUPS * loader.num_workers * loader.seconds_per_batch
    return float(loader.measure(max(seconds, longer), 0.0).figures["samples_per_second"])


def measure_grid(data: UserData) -> dict[Setting, float]:
    """Return the samples per second of every setting, one after another: the median of its repetitions."""
    found = {}
    for setting in settings():
        loader = open_loader(data, setting)
        rates = [measured(loader, SECONDS) for _ in range(REPETITIONS)]
        loader.close()
        found[setting] = sorted(rates)[REPETITIONS // 2]
    return found


def rules(grid: Mapping[Setting, float]) -> Iterator[tuple[str, tuple[Setting, int]]]:
    """Yield what people do instead: a name, the setting, and the trials that it takes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield "default", (Setting(0), 0)
    yield "Lightning", (Setting(1), 0)
    yield "torch's max", (Setting(cores), 0)
    yield "tutorial", (Setting(TUTORIAL_WORKERS), 0)
    yield DOUBLING, doubled(grid)


def doubled(grid: Mapping[Setting, float]) -> tuple[Setting, int]:
    """Double the workers until that gains less than a tenth; take the best that was seen."""
    tried, number = [Setting(0), Setting(1)], 1
    while Setting(2 * number) in grid:
        number *= 2
        tried.append(Setting(number))
        if grid[tried[-1]] < DOUBLING_GAIN * grid[tried[-2]]:
            break
    return max(tried, key=lambda one: grid[one]), len(tried)


def in_turns(
    compared: Sequence[Setting], opened: Callable[[Setting], LoaderEpochs], chance: random.Random
) -> dict[Setting, list[float]]:
    """Measure settings in rounds, each round in an order of its own; return samples per second."""
    loaders = {one: opened(one) for one in compared}
    rates: dict[Setting, list[float]] = {one: [] for one in compared}
    try:
        for _ in range(ROUNDS):
            for one in chance.sample(list(compared), len(compared)):
                rates[one].append(measured(loaders[one], ROUND_SECONDS))
    finally:
        for loader in loaders.values():
            loader.close()
    return rates


def measure(target: str, chosen: Setting, seed: int) -> dict[str, Any]:
    """Measure the grid, then the best of it, the rules' settings and the chosen one in turns."""
    data = load(target)
    grid = measure_grid(data)
    spent = time() - psutil.Process().create_time()  # with the interpreter's start, as a tuning is timed
    finalists = sorted(grid, key=lambda one: -grid[one])[:NUM_FINALISTS]
    by_rule = list(rules(grid))
    compared = list(dict.fromkeys([*finalists, chosen, *(setting for _, (setting, _) in by_rule)]))
    rates = in_turns(compared, lambda one: open_loader(data, one), random.Random(seed))
    return {
        "num_trials": len(grid),
        "seconds": spent,
        "finalists": [asdict(one) for one in finalists],
        "rules": [{"name": n, "setting": asdict(one), "trials": number} for n, (one, number) in by_rule],
        "rates": [{"setting": asdict(one), "rates": values} for one, values in rates.items()],
    }


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "This DataLoader will create")  # more workers than cores: that is tried
    print(json.dumps(measure(sys.argv[1], Setting(**json.loads(sys.argv[2])), int(sys.argv[3]))))

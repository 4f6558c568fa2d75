"""Whether the throughput figure is the one that a user would time: both, alternated, on one DataLoader."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean
from typing import Any

from bench.bench_loader_throughput import bench_loader_throughput, grid
from bench.configuration import Options
from bench.loader_epochs import LoaderEpochs
from bench.start_methods import IN_PROCESS
from diagnostics.intervals import Interval, ratio_interval

TURN_SECONDS = 0.1  # short against drift of the machine, so that many turns fit
# With workers the plain loop pays for the start of its epoch, some milliseconds, which the figure leaves out.
PLAIN_SECONDS_WITH_WORKERS = 1.0
FIGURE_SECONDS_WITH_WORKERS = 0.3
TOLERANCE = 0.05


@dataclass(frozen=True)
class Agreement:
    """How the suite's figure compares with a plain loop over the same DataLoader.

    Attributes
    ----------
    params : dict
        The configuration.
    samples_per_second : float
        What the plain loop gave, the mean of its epochs.
    ratio : Interval
        The suite's throughput over the plain loop's, paired.
    """

    params: dict[str, Any]
    samples_per_second: float
    ratio: Interval

    @property
    def agrees(self) -> bool:
        """Whether the two are the same within 5 %, as far as the interval can tell."""
        return self.ratio.low <= 1 + TOLERANCE and self.ratio.high >= 1 - TOLERANCE

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "params": self.params,
            "samples_per_second": self.samples_per_second,
            "ratio": self.ratio.as_dict(),
            "agrees": self.agrees,
        }


def compare_with_plain_loops(num_workers: tuple[int, ...], num_pairs: int) -> Iterator[Agreement]:
    """Alternate the suite's measurement and a plain loop, in random order, for each workload and count.

    Of the start methods, the first that the quick profile has speaks for all: they load alike once started.
    """
    rows = grid(Options(devices=("cpu",), num_workers=num_workers))
    methods = [row["start_method"] for row in rows]
    first = next((method for method in methods if method != IN_PROCESS), None)
    for params in rows:
        if params["start_method"] in {IN_PROCESS, first}:
            loader = bench_loader_throughput(**params)
            loader.warm_up()
            yield _agreement(dict(params), loader, num_pairs)
            loader.close()


def _agreement(params: dict[str, Any], loader: LoaderEpochs, num_pairs: int) -> Agreement:
    plain_seconds, figure_seconds = TURN_SECONDS, TURN_SECONDS
    if loader.num_workers:
        plain_seconds, figure_seconds = PLAIN_SECONDS_WITH_WORKERS, FIGURE_SECONDS_WITH_WORKERS
    else:
        num_pairs *= 3
    turns: dict[str, Callable[[], float]] = {
        "figure": lambda: loader.measure(figure_seconds, 1.0).figures["samples_per_second"],
        "plain": lambda: loader.plain_loop(plain_seconds),
    }
    series: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(num_pairs):
        for name in random.sample(list(turns), k=len(turns)):
            series[name].append(turns[name]())
    ratio = ratio_interval(series["figure"], series["plain"])
    return Agreement(params, mean(series["plain"]), ratio)

"""A call timed in alternation with its companions, so that drift of the machine hits all of them alike."""

import random
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import ClassVar

import numpy as np
import torch

from bench.clocks import Call, Clock, clock_for
from bench.configuration import PassResult

MIN_ROUNDS, MAX_ROUNDS = 3, 200
NUM_THREADS = 1  # as in a loader's worker; more would measure what else is on the other cores


class AlternatingCalls:
    """Rounds of one call and of its companions, in an order shuffled within each round.

    Parameters
    ----------
    call : callable
        What is measured.
    companions : mapping of str to callable
        What it is set against, round by round: a copy of the same size, the same step without the layer.
    figures : callable
        The pass's median seconds, {"call": …, companion: …}, to derived figures.
    device : str
    clock : Clock, optional
        Another than the usual one of the device.
    """

    unit: ClassVar[str] = "call"

    def __init__(
        self,
        call: Call,
        companions: Mapping[str, Call],
        figures: Callable[[Mapping[str, float]], dict[str, float]],
        *,
        device: str,
        clock: Clock | None = None,
    ) -> None:
        self.calls = {"call": call, **companions}
        self.figures = figures
        self.clock = clock or clock_for(torch.device(device))
        self.num_repeats, self.min_rounds = 1, MIN_ROUNDS
        self._unprepared: dict[str, Call] = {}
        self.seconds_per_round = 0.0

    def warm_up(self) -> None:
        """Run everything, then choose the repeats that make the shortest call of a round long enough."""
        torch.set_num_threads(NUM_THREADS)
        names = list(self.calls)
        self._unprepared = self.calls
        self.calls = dict(zip(names, self.clock.prepare(list(self.calls.values())), strict=True))
        self._rounds([names])
        shortest = min(self._rounds([names])[0].values())
        self.num_repeats = max(1, round(self.clock.round_seconds / max(shortest, 1e-7)))
        self._time_a_round()

    def _time_a_round(self) -> None:
        starts = perf_counter()
        self._rounds([list(self.calls)])
        self.seconds_per_round = perf_counter() - starts

    def measure(self, seconds: float, until: float) -> PassResult:
        """Measure as many rounds as fit `seconds`, at least three (one without companions)."""
        del until
        torch.set_num_threads(NUM_THREADS)
        names = list(self.calls)
        self._rounds([names])  # what ran before this pass left its own data in the caches
        self.clock.settle(self.calls["call"])
        num_rounds = min(max(round(seconds / max(self.seconds_per_round, 1e-6)), self.min_rounds), MAX_ROUNDS)
        rounds = self._rounds([random.sample(names, len(names)) for _ in range(num_rounds)])
        series = {name: [one[name] for one in rounds] for name in self.calls}
        p10, p90 = np.quantile(series["call"], [0.1, 0.9])
        figures = {
            "num_threads": NUM_THREADS,
            "call_p10_seconds": float(p10),
            "call_p90_seconds": float(p90),
            **self.clock.figures(),
            **self.figures({name: median(values) for name, values in series.items()}),
        }
        return PassResult(series.pop("call"), series, figures)

    def drop_companions(self) -> None:
        """Measure the call alone, in single rounds if long: where two alternate, each is a companion."""
        self.min_rounds = 1
        self.calls = {"call": self.calls["call"]}
        self.figures = lambda seconds: {}

    def launch(self) -> None:
        """Launch calls as they are, where graphs of them would be replayed."""
        self.calls = self._unprepared
        self.clock.launch()
        self._time_a_round()

    def close(self) -> None:
        """Let go of models and inputs."""
        self.calls.clear()
        self._unprepared.clear()

    def _rounds(self, orders: Sequence[Sequence[str]]) -> list[dict[str, float]]:
        """Time rounds of calls, each given as the order of their names."""
        timed = self.clock.time([[self.calls[name] for name in names] for names in orders], self.num_repeats)
        return [dict(zip(names, seconds, strict=True)) for names, seconds in zip(orders, timed, strict=True)]

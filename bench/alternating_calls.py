"""A call timed in alternation with its companions, so that drift of the machine hits all of them alike."""

import random
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import ClassVar

import torch

from bench.clocks import Call, clock_for
from bench.configuration import PassResult

MIN_ROUND_SECONDS = 0.002  # a round shorter than this would be timed by the scheduler's whims
MIN_ROUNDS, MAX_ROUNDS = 3, 200


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
    num_threads : int
        Intra-op threads while it runs.
    """

    unit: ClassVar[str] = "call"

    def __init__(
        self,
        call: Call,
        companions: Mapping[str, Call],
        figures: Callable[[Mapping[str, float]], dict[str, float]],
        *,
        device: str,
        num_threads: int = 1,
    ) -> None:
        self.calls = {"call": call, **companions}
        self.figures = figures
        self.num_threads = num_threads
        self.clock = clock_for(torch.device(device))
        self.num_repeats, self.min_rounds = 1, MIN_ROUNDS
        self.seconds_per_round = 0.0

    def warm_up(self) -> None:
        """Run everything, then choose the repeats that make the shortest call of a round long enough."""
        torch.set_num_threads(self.num_threads)
        names = list(self.calls)
        self._round(names)
        shortest = min(self._round(names).values())
        self.num_repeats = max(1, round(MIN_ROUND_SECONDS / max(shortest, 1e-7)))
        starts = perf_counter()
        self._round(names)
        self.seconds_per_round = perf_counter() - starts

    def measure(self, seconds: float, until: float) -> PassResult:
        """Measure as many rounds as fit `seconds`, at least three (one without companions)."""
        del until
        torch.set_num_threads(self.num_threads)
        names = list(self.calls)
        self._round(names)  # what ran before this pass left its own data in the caches
        num_rounds = round(seconds / max(self.seconds_per_round, 1e-6))
        rounds = []
        for _ in range(min(max(num_rounds, self.min_rounds), MAX_ROUNDS)):
            random.shuffle(names)
            rounds.append(self._round(names))
        series = {name: [one[name] for one in rounds] for name in self.calls}
        figures = self.figures({name: median(values) for name, values in series.items()})
        return PassResult(series.pop("call"), series, {"num_threads": self.num_threads, **figures})

    def drop_companions(self) -> None:
        """Measure the call alone, in single rounds if long: where two alternate, each is a companion."""
        self.min_rounds = 1
        self.calls = {"call": self.calls["call"]}
        self.figures = lambda seconds: {}

    def close(self) -> None:
        """Let go of models and inputs."""
        self.calls.clear()

    def _round(self, names: list[str]) -> dict[str, float]:
        return dict(
            zip(names, self.clock.time([self.calls[name] for name in names], self.num_repeats), strict=True)
        )

"""What the probe of `python -m diagnostics run` costs: a loader with and without it, alternated."""

import argparse
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from statistics import median
from time import perf_counter
from types import ModuleType
from typing import Any, ClassVar

import torch
from torch.utils.data import dataloader

from bench import ab
from bench.alternation import log_ratio_in_fresh_process
from bench.bench_loader_throughput import bench_loader_throughput
from bench.commands import print_comparisons, write_json
from bench.configuration import Configuration, Params, PassResult
from bench.contrasts import LOADER_FILE, LOADER_FUNCTION, Contrast, SettingError, require_file
from bench.loader_epochs import LoaderEpochs
from bench.start_methods import IN_PROCESS, start_methods_here
from bench.user_data import is_user_data, tensors_in
from bench.workloads import WORKLOADS
from diagnostics.outcomes import INTERRUPTED
from diagnostics.watch.launching import PROBE_FOLDER, VARIABLE

ALLOWED_RATIO = 1.02
MIN_BATCHES = 8


class Probe:
    """The probe's file in this process, to be put in and taken out."""

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location("probe", PROBE_FOLDER / "sitecustomize.py")
        assert spec is not None
        assert spec.loader is not None
        module: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._plain = self._attributes(module)
        module.patch(dataloader)
        self._watched = self._attributes(module)
        self._put(self._plain)

    def _attributes(self, module: ModuleType) -> list[tuple[Any, str, Any]]:
        owners = ((owner, name) for owner, name, _ in module.places(dataloader))
        return [(owner, name, getattr(owner, name)) for owner, name in owners if hasattr(owner, name)]

    def _put(self, attributes: list[tuple[Any, str, Any]]) -> None:
        for owner, name, value in attributes:
            setattr(owner, name, value)

    @contextmanager
    def put_in(self, is_in: bool) -> Iterator[None]:
        """Put it in for the block, or leave it out."""
        self._put(self._watched if is_in else self._plain)
        try:
            yield
        finally:
            self._put(self._plain)


@cache
def probe_of_this_process() -> Probe:
    """Return the probe; a measuring process is fresh and so loads its own."""
    return Probe()


class Loop:
    """A loop over a loader.

    Parameters
    ----------
    loader : LoaderEpochs
    trains : bool
        Whether it trains a linear model on the first tensor of each batch, which is the least that any
        training does, or throws the batch away.
    """

    def __init__(self, loader: LoaderEpochs, trains: bool) -> None:
        self.loader = loader
        self.trains = trains
        self.samples_per_second = 0.0
        self._model: torch.nn.Module | None = None

    def warm_up(self) -> None:
        """Start the workers and find out how long a batch takes."""
        self.loader.warm_up()
        if self.trains:
            self._train(MIN_BATCHES)

    def seconds_per_sample(self, seconds: float) -> float:
        """Run an epoch of about that many seconds."""
        if not self.trains:
            return median(self.loader.measure(seconds, 1.0).rounds_seconds)
        num_batches = int(seconds * self.samples_per_second / self.loader.batch_size)
        return self._train(max(MIN_BATCHES, num_batches))

    def _train(self, num_batches: int) -> float:
        self.loader.epoch.num_samples = num_batches * self.loader.batch_size
        begun = perf_counter()
        for batch in self.loader.loader:
            samples_NX = next(tensors_in(batch))
            self._step(samples_NX.reshape(len(samples_NX), -1).float())
        spent = perf_counter() - begun
        self.samples_per_second = self.loader.epoch.num_samples / spent
        return spent / self.loader.epoch.num_samples

    def _step(self, batch_NF: torch.Tensor) -> None:
        if self._model is None:
            self._model = torch.nn.Linear(batch_NF.shape[1], 10)
            self._optimizer = torch.optim.SGD(self._model.parameters(), lr=0.01)
        self._optimizer.zero_grad()
        self._model(batch_NF).square().mean().backward()
        self._optimizer.step()


@dataclass(frozen=True)
class Watched:
    """A loop whose workers and epochs run with the probe, or without it."""

    loop: Loop
    is_watched: bool
    unit: ClassVar[str] = "sample"

    def warm_up(self) -> None:
        """Start the workers."""
        with probe_of_this_process().put_in(self.is_watched):
            self.loop.warm_up()

    def measure(self, seconds: float, until: float) -> PassResult:
        """Read an epoch."""
        with probe_of_this_process().put_in(self.is_watched):
            return PassResult([self.loop.seconds_per_sample(seconds)])

    def close(self) -> None:
        """Leave the loader to the end of the process: the other side may have the same one."""


@cache
def loop_of_this_process(
    workload: str, start_method: str, num_workers: int, trains: bool, worker_side: bool
) -> Loop:
    """Return a loop; with workers each side has its own, since they start with the probe or without it.

    Of two equal loops without workers the one built later is up to 2 % slower here: both sides share one.
    """
    del worker_side
    return Loop(bench_loader_throughput(workload, "cpu", start_method, num_workers), trains)


@dataclass(frozen=True)
class ProbeContrast(Contrast):
    """One workload without the probe (a) and with it (b)."""

    def build(self, params: Params) -> Configuration:
        """Return one side, warmed up."""
        is_watched = params["is_watched"]
        names = ("workload", "start_method", "num_workers", "trains")
        own = is_watched and params["num_workers"] > 0
        configuration = Watched(loop_of_this_process(*(params[name] for name in names), own), is_watched)
        configuration.warm_up()
        return configuration


def contrasts(workloads: Sequence[str], num_workers: Sequence[int]) -> list[ProbeContrast]:
    """Return every workload with every number of workers, in a training loop and in a bare one.

    Raises
    ------
    SettingError
        There is no workload of that name, or no such file.
    """
    for workload in workloads:
        if workload not in WORKLOADS and not is_user_data(workload):
            raise SettingError(f"{workload!r}: expected FILE.py:NAME, or one of {', '.join(WORKLOADS)}")
        if is_user_data(workload):
            require_file(workload)
    found = []
    for workload, number, trains in product(workloads, num_workers, (True, False)):
        method = start_methods_here()[0] if number else IN_PROCESS
        params = {"workload": workload, "num_workers": number, "start_method": method, "trains": trains}
        sides = ({**params, "is_watched": is_watched} for is_watched in (False, True))
        name = f"{workload}, {number} workers, {'training' if trains else 'bare loop'}: with the probe"
        found.append(ProbeContrast(name, LOADER_FILE, LOADER_FUNCTION, *sides))
    return found


def compare(arguments: argparse.Namespace) -> int:
    """Print each ratio with its interval; 1 where one of a training is above the allowance beyond doubt."""
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as folder:
        os.environ[VARIABLE] = folder
        try:
            result = ab.run(
                contrasts(arguments.workloads, arguments.workers),
                log_ratio_in_fresh_process,
                budget_seconds=arguments.budget,
                seed=arguments.seed,
            )
        finally:
            del os.environ[VARIABLE]
    print_comparisons(result.comparisons)
    for name, reason in result.failures.items():
        print(f"{name}\n  {reason}")
    parts = {"seconds": result.seconds, "failures": result.failures, "comparisons": result.as_rows()}
    write_json(arguments.json, "probe", parts)
    if result.stopped == "interrupted":
        return INTERRUPTED
    training = (one for one in result.comparisons if "training" in one.name)
    is_too_much = any(one.low > ALLOWED_RATIO for one in training)
    return 1 if is_too_much or result.failures else 0

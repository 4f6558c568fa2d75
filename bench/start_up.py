"""Starting a DataLoader's workers, again in every pass, out of a process that does nothing else."""

import contextlib
import json
import subprocess
import sys
from typing import Any, ClassVar

from bench.configuration import PassResult
from bench.host import ROOT, environment

CLOSE_SECONDS = 5.0


class WorkersFailedError(RuntimeError):
    """The workers failed; the message is the traceback that the DataLoader raised."""


class Trainer:
    """A process that has imported torch, as a training script has, and starts workers on request.

    Parameters
    ----------
    start_method : str
        One a process: a forkserver belongs to the process that started it, with its preload.
    device : str
        A GPU is used by this process before any worker starts, and then by the dataset in every worker.
    """

    def __init__(self, start_method: str, device: str = "cpu") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(ROOT / "bench" / "starter.py"), start_method, device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
        )
        self.pid = self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def start_workers(self, held: str, num_workers: int) -> dict[str, float]:
        """Start workers for a dataset, and return what `bench.starting.start` tells.

        Raises
        ------
        WorkersFailedError
            The DataLoader raised.
        RuntimeError
            The process ended without an answer; what it said stands in this process's standard error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # its exit status tells more
            print(
                json.dumps({"held": held, "num_workers": num_workers}), file=self._process.stdin, flush=True
            )
        if answer := self._process.stdout.readline():
            figures: dict[str, Any] = json.loads(answer)
            if "raised" in figures:
                raise WorkersFailedError(figures["raised"])
            return figures
        raise RuntimeError(f"the process that starts the workers ended with status {self._process.wait()}")

    def close(self) -> None:
        """End the process.

        It is told to: workers that were forked here meanwhile hold its standard input open.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            print("null", file=self._process.stdin, flush=True)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class WorkerStarts:
    """The start of a loader's workers; every pass starts and stops them anew."""

    unit: ClassVar[str] = "start"
    _trainers: ClassVar[dict[str, Trainer]] = {}
    _in_use: ClassVar[list[str]] = []

    def __init__(self, held: str, start_method: str, num_workers: int) -> None:
        self.held, self.start_method, self.num_workers = held, start_method, num_workers

    def warm_up(self) -> None:
        """Start the process, shared by all configurations of one start method, once for the files' cache."""
        self._trainer()
        self._in_use.append(self.start_method)

    def _trainer(self) -> Trainer:
        """Return the start method's process; one that died with another configuration is replaced."""
        trainers, method = self._trainers, self.start_method
        if method in trainers and trainers[method].has_ended:
            trainers.pop(method).close()
        if method not in trainers:
            trainers[method] = Trainer(method)
        return trainers[method]

    def measure(self, seconds: float, until: float) -> PassResult:
        """Start the workers once; the pass is the seconds until all of them have delivered."""
        del seconds, until
        figures = self._trainer().start_workers(self.held, self.num_workers)
        return PassResult([figures["all_workers_seconds"]], figures=figures)

    def close(self) -> None:
        """End the process when nobody needs it any more."""
        self._in_use.remove(self.start_method)
        if self.start_method not in self._in_use:
            self._trainers.pop(self.start_method).close()

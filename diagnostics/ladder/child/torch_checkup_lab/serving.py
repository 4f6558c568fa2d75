"""Answers requests, one JSON line each, until stdin ends; the user's own output goes to stderr."""

import json
import os
import shutil
import signal
import threading
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.util import get_temp_dir
from queue import SimpleQueue
from time import monotonic
from typing import Any

from .loading import TargetError, load_object
from .signals import show_stack_on_signal

BEAT_SECONDS = 0.5


class Line:
    """The way to the parent: descriptors of its own, so that no print and no worker gets in between."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[str] = SimpleQueue()
        self.source, self.target = os.dup(0), os.dup(1)
        silent = os.open(os.devnull, os.O_RDONLY)
        os.dup2(silent, 0)
        os.dup2(2, 1)
        self.last_beat = 0.0
        self.sockets_folder = get_temp_dir()  # multiprocessing's own; workers that are started later share it
        self.send({"sockets_folder": self.sockets_folder})  # for the parent to remove, however this ends
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        """Hand on what arrives; where the parent is gone, end with every worker."""
        rest = b""
        while chunk := os.read(self.source, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.requests.put(line.decode())
        shutil.rmtree(self.sockets_folder, ignore_errors=True)
        if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    def send(self, answer: dict[str, Any]) -> None:
        """Write one line."""
        data = json.dumps(answer, default=str).encode() + b"\n"
        while data:
            data = data[os.write(self.target, data) :]

    def beat(self) -> None:
        """Say that something moves, now and then."""
        if monotonic() - self.last_beat > BEAT_SECONDS:
            self.last_beat = monotonic()
            self.send({"beat": True})


class Bench:
    """What is loaded and open; the public methods but `answer` are the requests."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self.beat = beat
        self.loaders: dict[str, Any] = {}
        self.step: Any = None
        self.copy: Any = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked for."""
        if self.copy is not None and self.copy.serves(**request):
            answer: dict[str, Any] = self.copy.answer(request)
            return answer
        try:
            return {"result": getattr(self, request.pop("do"))(**request)}
        except TargetError as error:
            return {"refused": str(error)}
        except (Exception, SystemExit):
            return {"raised": traceback.format_exc()}

    def load(self, target: str) -> dict[str, Any]:
        """Load the user's data, and say what they and this interpreter are."""
        import torch

        from . import describing
        from .source import load_source

        for name in list(self.loaders):
            self.close(name)
        if self.copy is not None:
            self.copy.close()
        self.step = self.copy = None
        self.source = load_source(target)
        self.num_threads = torch.get_num_threads()
        return describing.describe(self.source)

    def take_step(self, target: str | None, seconds: float | None) -> None:
        """Have a step to run on each batch: the user's own, or one that sleeps."""
        from .loaders import checked, emulated

        if target:
            found = load_object(target, callable)
            if not callable(found):
                raise TargetError(
                    f"{target} is {type(found).__name__}: a callable that takes a batch is wanted"
                )
            self.step = checked(found)
        elif seconds is not None:
            self.step = emulated(seconds)

    def divide(self) -> None:
        """Have loaders whose workers are forked served by a copy of this process from now on."""
        from .copying import Copy

        self.copy = Copy(self)

    def samples(self, seconds: float, in_worker: bool, threads: int = 0) -> dict[str, Any]:
        """Time single samples; in_worker: with one thread of torch's, as workers have; threads: of all."""
        import torch

        from .instruments import threads_limited
        from .sampling import copy_seconds, time_samples

        torch.set_num_threads(1 if in_worker else self.num_threads)
        with threads_limited(threads):
            timed = time_samples(self.source, seconds, self.beat)
        torch.set_num_threads(1)  # several threads may take far longer over a small copy than the copy does
        return {
            **timed,
            "copy_seconds": copy_seconds(int(timed["sample_bytes"]), self.source.batch_size or 1),
        }

    def cores(self, seconds: float) -> float:
        """Measure the usable processors."""
        from .neighbours import usable_cores

        return usable_cores(seconds, self.beat)

    def memory(self, seconds: float, in_worker: bool) -> float:
        """Measure how the data bear a neighbour that copies memory."""
        import torch

        from .neighbours import memory_slowdown
        from .sampling import time_samples

        torch.set_num_threads(1 if in_worker else self.num_threads)
        return memory_slowdown(
            lambda: _median(time_samples(self.source, seconds, self.beat)["cpu"]), self.beat
        )

    def open(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Start a DataLoader and read its first batches; one that fails at that is ended again."""
        from .loaders import OpenLoader

        self.loaders[name] = OpenLoader(self.source, arguments)
        try:
            return self.loaders[name].start(self.beat)
        except BaseException:
            self.close(name)
            raise

    def measure(
        self, name: str, seconds: float, mode: int, is_stepping: bool, device: str = ""
    ) -> dict[str, float]:
        """Read an epoch; device: where each batch is moved to."""
        import torch

        from .instruments import threads_limited

        loader = self.loaders[name]
        torch.set_num_threads(self.num_threads)
        with threads_limited(0 if loader.num_workers else loader.threads):
            return loader.measure(seconds, mode, self.step if is_stepping else None, self.beat, device)

    def headroom(self, name: str, num_batches: int, seconds: float) -> float:
        """Return seconds a batch of the step alone, on batches that are kept."""
        from .replaying import replay

        self.loaders[name].set_batches(num_batches)
        return replay(self.loaders[name].loader, self.step, num_batches, seconds, self.beat)

    def close(self, name: str) -> None:
        """End a DataLoader's workers, if it is open."""
        if name in self.loaders:
            self.loaders.pop(name).close()


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def main() -> None:
    """Serve until the parent closes the line."""
    line = Line()
    show_stack_on_signal()
    warnings.filterwarnings("ignore", "This DataLoader will create")  # more than cores is what is tried
    bench = Bench(line.beat)
    while True:
        line.send(bench.answer(json.loads(line.requests.get())))

"""A copy of the child that starts workers: forked from it as it is before any sample is read there."""

import os
import traceback
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any, NoReturn

import torch

LOOK_SECONDS = 0.5  # whether the copy lives: its workers hold the line open for as long as they do


class Copy:
    """Answers what concerns loaders whose workers are forked.

    Threads that reading samples starts do not survive a fork: workers would hang that run well in a script
    which reads nothing itself. Nor do workers begin there with what the dataset has cached.

    Parameters
    ----------
    bench : Bench
        Answers in the copy as it does here, with one thread of torch's, as a worker has.
    """

    def __init__(self, bench: Any) -> None:
        self.names: set[str] = set()
        self._line, line = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._line.close()
            _serve(bench, line)
        line.close()

    def serves(self, do: str, name: str = "", arguments: Any = None, **others: Any) -> bool:
        """Tell whether a request concerns such a loader."""
        if do == "open" and arguments.get("multiprocessing_context") == "fork":
            self.names.add(name)
        return name in self.names

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have the copy answer; where it dies, this process dies of the same."""
        with suppress(OSError):
            self._line.send(request)
        while not self._line.poll(LOOK_SECONDS):
            self._die_as_it_did(os.WNOHANG)
        try:
            answer: dict[str, Any] = self._line.recv()
        except (EOFError, OSError):
            self._die_as_it_did(0)
            raise
        return answer

    def _die_as_it_did(self, options: int) -> None:
        pid, status = os.waitpid(self._pid, options)
        if pid:
            if os.WIFSIGNALED(status):
                os.kill(os.getpid(), os.WTERMSIG(status))
            os._exit(1)

    def close(self) -> None:
        """End the copy with all its workers."""
        self._line.close()
        os.waitpid(self._pid, 0)


def _serve(bench: Any, line: Any) -> NoReturn:
    """Be the copy; like any process it says on stderr what it cannot go on from."""
    try:
        _answer_all(bench, line)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _answer_all(bench: Any, line: Any) -> None:
    """Answer until nobody asks any more, who asks being gone, and leave no worker."""
    bench.num_threads = 1
    torch.set_num_threads(1)
    try:
        with suppress(EOFError):
            while True:
                line.send(bench.answer(line.recv()))
    finally:
        for name in list(bench.loaders):
            bench.close(name)

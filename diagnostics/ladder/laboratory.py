"""The child that measures, seen from outside: one request at a time, each watched for standing still."""

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from diagnostics.children import GRACE_SECONDS, interrupts_put_off, kill_tree
from diagnostics.outcomes import UsageError

FOLDER = Path(__file__).parent / "child"
CODE = "import sys; sys.path.append({folder!r}); from torch_checkup_lab.serving import main; main()"
HANG_SECONDS = 60.0  # far beyond any healthy batch
LOAD_SECONDS = 60.0  # for importing torch and the user's file, at least
END_SECONDS = 0.5  # between looks whether the child still lives
LOOK_SECONDS, STACK_SECONDS, MOST_STACK_SECONDS = 0.05, 5.0, 20.0  # between looks, for one stack, for all
STACK_HEAD = "(most recent call first)"  # faulthandler's, above each stack
_RAISED = re.compile(r"Traceback \(most recent call last\):\n(?: .*\n)*(\S.*)")  # the line below the frames


class FailedError(Exception):
    """The user's data failed; its text is the reason, in one line.

    Attributes
    ----------
    log : str
        Traceback and what was printed to stderr.
    hang_seconds : float
        0 where nothing stood still.
    stacks : str
        Where the processes stood, the main one first.
    doing : {"load", "step", ""}
        What else than reading batches may have stood still: the user's file, or the step.
    """

    def __init__(
        self, reason: str, log: str, hang_seconds: float = 0.0, stacks: str = "", doing: str = ""
    ) -> None:
        super().__init__(reason)
        self.log, self.hang_seconds, self.stacks, self.doing = log, hang_seconds, stacks, doing


def reason_in(traceback: str) -> str:
    """Return the line that names the exception: lines of its message may follow, as CUDA's advice does."""
    named = _RAISED.findall(traceback)
    return named[-1] if named else traceback.strip().rpartition("\n")[2]


class Laboratory:
    """A child process under `python` that knows the user's data; a context manager that leaves nothing.

    Parameters
    ----------
    python : str
        The user's interpreter.
    hang_seconds : float
        Without a sign of life for so long, the child is given up.

    Attributes
    ----------
    lost : FailedError or None
        How the child hung or died: whatever it is asked from then on fails with that at once.
    """

    def __init__(self, python: str, hang_seconds: float = HANG_SECONDS) -> None:
        self.python, self.hang_seconds = python, hang_seconds
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._child: subprocess.Popen[str] | None = None
        self._log_begins = 0
        self._sockets_folder = ""
        self.lost: FailedError | None = None

    def __enter__(self) -> "Laboratory":
        self._stderr = tempfile.TemporaryFile("a+b")  # appending: we seek in what children write to
        paths = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(FOLDER)]))
        try:
            with interrupts_put_off():
                self._child = subprocess.Popen(
                    [self.python, "-c", CODE.format(folder=str(FOLDER))],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._stderr,
                    env={**os.environ, "PYTHONPATH": paths},
                    encoding="utf-8",
                    errors="replace",
                    start_new_session=True,
                )
        except OSError as error:
            self._stderr.close()
            reason = error.strerror or type(error).__name__
            raise UsageError(f"--python {self.python} cannot be started ({reason}).") from None
        threading.Thread(target=self._forward, args=(self._child.stdout,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        child = self._child
        assert child is not None
        kill_tree(child)
        with suppress(OSError):
            child.stdin.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        if self._sockets_folder:
            shutil.rmtree(self._sockets_folder, ignore_errors=True)
        self._stderr.close()

    def _forward(self, stream: Any) -> None:
        with stream:
            for line in stream:
                self._answers.put(line)
        self._answers.put(None)

    def ask(self, do: str, **arguments: Any) -> Any:
        """Return the answer to a request.

        Raises
        ------
        UsageError
            What the user named is not there or no data.
        FailedError
            The user's code raised, hung or died.
        """
        assert self._child is not None
        assert self._child.stdin is not None
        if self.lost is not None:
            raise self.lost
        with suppress(OSError):
            self._child.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._child.stdin.flush()
        if do == "load":
            self._log_begins = self._stderr.seek(0, os.SEEK_END)
        is_stepping = do == "headroom" or bool(arguments.get("is_stepping"))
        doing = "load" if do in {"load", "take_step"} else "step" if is_stepping else ""
        limit = max(self.hang_seconds, LOAD_SECONDS) if doing == "load" else self.hang_seconds
        while True:
            answer = self._next(limit, doing)
            if "refused" in answer:
                raise UsageError(answer["refused"] + ".")
            if "raised" in answer:
                raise FailedError(reason_in(answer["raised"]), self._log() + "\n" + answer["raised"])
            if "result" in answer:
                return answer["result"]

    def _next(self, limit_seconds: float, doing: str) -> dict[str, Any]:
        try:
            line = self._next_line(limit_seconds)
        except queue.Empty:
            self.lost = self._hang(limit_seconds, doing)
            raise self.lost from None
        if line is None:
            ending = self._ending()
            self.lost = FailedError(ending, f"{self._log()}\n{ending}")
            raise self.lost
        answer: dict[str, Any] = json.loads(line)
        self._sockets_folder = answer.get("sockets_folder", self._sockets_folder)
        return answer

    def _next_line(self, limit_seconds: float) -> str | None:
        """Return a line of the child's, None where it has ended: its workers may hold its end open."""
        assert self._child is not None
        ends, has_ended = time.monotonic() + limit_seconds, False
        while True:
            with suppress(queue.Empty):
                return self._answers.get(timeout=min(limit_seconds, END_SECONDS))
            if has_ended:
                return None
            has_ended = self._child.poll() is not None
            if not has_ended and time.monotonic() > ends:
                raise queue.Empty

    def _ending(self) -> str:
        assert self._child is not None
        with suppress(subprocess.TimeoutExpired):
            code = self._child.wait(GRACE_SECONDS)
            if code < 0:
                return f"the measuring process died of signal {-code}"
        return "the measuring process ended by itself"

    def _log(self) -> str:
        """Return what was written to stderr since the data were loaded."""
        ends = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(self._log_begins)
        return self._stderr.read(ends - self._log_begins).decode("utf-8", "replace")

    def _hang(self, limit_seconds: float, doing: str) -> FailedError:
        """Ask the child and its workers where they stand."""
        assert self._child is not None
        before = self._log()
        number: int | None = getattr(signal, "SIGUSR1", None)
        processes = []
        with suppress(psutil.Error):
            own = psutil.Process(self._child.pid)
            processes = [own, *own.children(recursive=True)]
        told, ends = "", time.monotonic() + MOST_STACK_SECONDS
        for process in processes:
            if number is not None and _is_python_of_ours(process):
                with suppress(psutil.Error):
                    process.send_signal(number)
                    told += self._stack(len(before + told), ends)
        reason = f"nothing moved for {limit_seconds:g} s"
        return FailedError(reason, before, limit_seconds, told, doing)

    def _stack(self, begins: int, ends: float) -> str:
        """Return one process' stack, whole: of several at once the lines would mix."""
        told, ends = "", min(ends, time.monotonic() + STACK_SECONDS)
        while time.monotonic() < ends:
            threading.Event().wait(LOOK_SECONDS)
            before, told = told, self._log()[begins:]
            if STACK_HEAD in told and told == before:
                break
        return told


def _is_python_of_ours(process: psutil.Process) -> bool:
    """Whether a process has a handler for the signal: multiprocessing's own helpers would die of it."""
    with suppress(psutil.Error):
        line = " ".join(process.cmdline())
        return not any(name in line for name in ("resource_tracker", "forkserver", "antagonist"))
    return False

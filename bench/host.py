"""The host: keeps the measuring process, and survives whatever happens to it."""

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from bench import process_tree

START_LIMIT_SECONDS = 120  # importing torch from a cold network disk
GRACE_SECONDS = 5
ROOT = Path(__file__).resolve().parent.parent
FailureKind = Literal["raised", "unusable", "hung", "died"]
Kept = Callable[[str, dict[str, Any]], None]


@dataclass
class MeasurementError(Exception):
    """A configuration could not be measured.

    Attributes
    ----------
    kind : {"raised", "unusable", "hung", "died"}
        Unusable is what the user named: the reason says what is wrong with it.
    reason : str
        One line for the user.
    details : str
        What the measuring process wrote meanwhile, tracebacks included.
    is_out_of_memory : bool
        Whether there was too little memory left.
    """

    kind: FailureKind
    reason: str
    details: str = ""
    is_out_of_memory: bool = False


class SkippedHereError(Exception):
    """The configuration does not exist on this machine; the message says why."""


class Host:
    """One measuring process, started when first needed and again after it died or hung.

    Use it as a context manager: on leaving, no process is left behind.

    Parameters
    ----------
    limit_seconds : float
        Longest that building or one pass of a configuration may take.
    python : str
        Interpreter of the measuring process.
    variables : mapping of str to str
        Environment variables that it gets beside those of this process.
    poll_seconds : float
        How often to look whether a GPU that another benchmark uses is free.
    kept : callable, optional
        Hears the name of a configuration and what a pass that is not over has come to: it may be cut off.
    """

    def __init__(
        self,
        limit_seconds: float = 60.0,
        python: str = sys.executable,
        variables: Mapping[str, str] = MappingProxyType({}),
        poll_seconds: float = 1.0,
        kept: Kept | None = None,
    ) -> None:
        self.limit_seconds = limit_seconds
        self.python = python
        self.variables = variables
        self.poll_seconds = poll_seconds
        self.kept = kept
        self._process: subprocess.Popen[str] | None = None
        self._replies: queue.Queue[str | None] = queue.Queue()
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed in close()
        self._alive: set[str] = set()
        self._sockets_folder = ""

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close(gently=exception[0] is None)

    def measure(
        self, name: str, file: Path, function: str, params: dict[str, Any], *, seconds: float, until: float
    ) -> dict[str, Any]:
        """Measure one pass of a configuration, building it first where it is not alive.

        Where the others leave too little memory it is tried once more without them: they are built again when
        their turn comes.

        Returns
        -------
        dict
            A pass as ARCHITECTURE.md describes it, and `unit` after building.

        Raises
        ------
        MeasurementError
            It raised, hung or died. The next call starts a fresh process.
        SkippedHereError
            The benchmark function skipped it.
        """
        asked = (name, file, function, params, seconds, until)
        try:
            return self._measure(*asked)
        except MeasurementError as error:
            if not (error.is_out_of_memory and self._alive):
                raise
        self._end_process()
        return self._measure(*asked)

    def _measure(
        self, name: str, file: Path, function: str, params: dict[str, Any], seconds: float, until: float
    ) -> dict[str, Any]:
        unit = {}
        if name not in self._alive:
            self._wait_for_device(str(params.get("device", "")))
            unit = self._ask("build", name=name, file=str(file), function=function, params=params)
            self._alive.add(name)
        try:
            return {**self._ask("measure", name=name, seconds=seconds, until=until), **unit}
        except MeasurementError:
            self._forget(name)
            raise

    def _wait_for_device(self, device: str) -> None:
        """Wait until the measuring process has a GPU to itself; it keeps it as long as it lives."""
        told = ""
        while device.startswith("cuda"):
            user = self._ask("hold", device=device)["in_use_by"]
            if user is None:
                return
            if user != told:
                told = user
                print(f"{device} is in use by another benchmark ({user}): waiting for it", file=sys.stderr)
            time.sleep(self.poll_seconds)

    def _forget(self, name: str) -> None:
        """Free what a failed configuration still holds, where the process is still there."""
        if name in self._alive:
            self._alive.discard(name)
            with contextlib.suppress(MeasurementError):
                self._ask("close", name=name)

    def close(self, *, gently: bool = True) -> None:
        """End the measuring process and everything that it started."""
        if gently and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(MeasurementError):
                self._ask("exit")
        self._end_process()
        self._log.close()

    def _ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        if self._process is None:
            self._start()
        self._log.seek(0)
        self._log.truncate()
        assert self._process is not None
        assert self._process.stdin is not None
        request = {"do": action, "limit_seconds": self.limit_seconds, **arguments}
        with contextlib.suppress(OSError):  # a process that died is noticed when it does not answer
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        reply = self._next_reply(self.limit_seconds)
        if "skipped" in reply:
            raise SkippedHereError(reply["skipped"])
        if "raised" in reply:
            log = self._read_log()
            if not reply.get("is_sound", True):  # it would raise for all that follow
                self._end_process()
            raise MeasurementError(
                reply.get("kind", "raised"), reply["raised"], log, reply.get("is_out_of_memory", False)
            )
        return reply["ok"]

    def _start(self) -> None:
        self._replies = queue.Queue()
        try:
            self._process = subprocess.Popen(
                [self.python, "-P", "-m", "bench.child"],  # -P: a folder of the user's named bench is safe
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                env={**environment(), **self.variables},
                start_new_session=True,  # Ctrl-C is for us; and the group can be ended as a whole
            )
        except OSError as error:
            reason = f"the measuring process cannot be started by {self.python} ({error.strerror})"
            raise MeasurementError("died", reason) from None
        threading.Thread(
            target=_forward_lines, args=(self._process.stdout, self._replies), daemon=True
        ).start()
        self._sockets_folder = self._next_reply(START_LIMIT_SECONDS)["ok"].get("sockets_folder", "")

    def _next_reply(self, limit_seconds: float) -> dict[str, Any]:
        reply: dict[str, Any] | None = {"beat": True}
        while reply is not None and "beat" in reply:  # it still moves: the time begins anew
            try:
                line = self._replies.get(timeout=limit_seconds + GRACE_SECONDS)
            except queue.Empty:
                line = None
            reply = None if line is None else json.loads(line)
            if self.kept is not None and reply is not None and "so_far" in reply:
                self.kept(reply["name"], reply["so_far"])
        if reply is not None:
            return reply
        exit_code = self._end_process()
        log = self._read_log()
        if exit_code is None or re.search(r"^Timeout \(\d", log, re.MULTILINE):
            raise MeasurementError("hung", f"no result within {limit_seconds:g} s{_where(log)}", log)
        raise MeasurementError("died", f"the measuring process {describe_exit(exit_code)}{_where(log)}", log)

    def _end_process(self) -> int | None:
        """Kill the process and its group; return the exit code that it had before, None if it still ran."""
        if self._process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired, OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(timeout=1)
        exit_code = self._process.poll()
        process_tree.end_session(self._process.pid)
        self._process.wait()
        self._process = None
        self._alive.clear()
        if self._sockets_folder:  # a process that was killed leaves it
            shutil.rmtree(self._sockets_folder, ignore_errors=True)
        return exit_code

    def _read_log(self) -> str:
        self._log.flush()
        self._log.seek(0)
        return self._log.read()


def describe_exit(exit_code: int) -> str:
    """Say what an exit code means: 'died of SIGKILL', 'ended with exit code 3'."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"died of {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"died of signal {-exit_code}"


def environment() -> dict[str, str]:
    """Return the variables with which a process finds this suite wherever it is called from."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _where(log: str) -> str:
    """Name the innermost frame outside libraries in the last stack that faulthandler wrote, if any."""
    last_stack = log.rpartition("most recent call first):")[2]
    frames = re.findall(r'File "([^"]*)", line (\d+) in (\S+)', last_stack)
    if not frames:
        return ""
    own = [frame for frame in frames if str(ROOT) in frame[0]]
    path, line, function = (own or frames)[0]
    return f", at {Path(path).name}:{line} in {function}"


def _forward_lines(stream: Any, replies: "queue.Queue[str | None]") -> None:
    """Pass on what the process answers; None once it has ended."""
    with stream:
        for line in stream:
            replies.put(line)
    replies.put(None)

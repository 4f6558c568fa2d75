"""Children with a time limit: whatever may hang or die runs here, and nothing of it is left behind."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType

import psutil

GRACE_SECONDS = 2.0  # for pipes to close after a kill; a process stuck in the kernel is given up after it


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes
    ----------
    stdout, stderr : str
    returncode : int or None
        Negative for a signal; None where the child was killed at its time limit.
    """

    stdout: str
    stderr: str
    returncode: int | None


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def kill_tree(child: subprocess.Popen[str]) -> None:
    """Kill a child, its descendants and, on POSIX, the session that it leads."""
    for process in _descendants(child.pid):
        with suppress(psutil.Error):
            process.kill()
    if os.name == "posix":
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def _start(command: Sequence[str], variables: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Hold interrupts back to the end of the block: one that strikes inside `Popen` would lose the child."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    previous = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)}
    caught: list[int] = []
    for number in previous:
        signal.signal(number, lambda number, frame: caught.append(number))
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for number in caught:
            signal.raise_signal(number)


def _last_words(child: subprocess.Popen[str] | None) -> tuple[str, str]:
    if child is None:
        return "", ""
    kill_tree(child)
    try:
        return child.communicate(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        return "", ""


def _clear_away(child: subprocess.Popen[str]) -> None:
    kill_tree(child)
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_SECONDS)


def run_child(
    command: Sequence[str], time_limit_seconds: float, variables: Mapping[str, str] = MappingProxyType({})
) -> Outcome:
    """Run a command with its output captured, and kill its whole tree at the time limit.

    `variables` are environment variables beside those of this process.

    The tree is killed as well when the caller is interrupted, and what a child left running when it
    ended by itself.

    Raises
    ------
    OSError
        The command cannot be started.
    """
    child = None
    try:
        with interrupts_put_off():
            child = _start(command, variables)
        stdout, stderr = child.communicate(timeout=time_limit_seconds)
        returncode: int | None = child.returncode
    except subprocess.TimeoutExpired:
        (stdout, stderr), returncode = _last_words(child), None
    finally:
        if child is not None:
            _clear_away(child)
    return Outcome(stdout, stderr, returncode)

"""Children with a time limit: whatever may hang or die runs here, and nothing of it is left behind."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType

import psutil

TRACKER_SECONDS = 1.0  # for multiprocessing's resource tracker to unlink what killed processes left
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


def _in_group(pid: int) -> list[psutil.Process]:
    """Return the processes of the group that a child leads: those whose parents are gone among them."""
    found: list[psutil.Process] = []
    if os.name != "posix":
        return found
    with suppress(OSError):
        os.killpg(pid, 0)  # no signal: raises where nobody is left, which is the usual case and the quick one
        for other in psutil.pids():
            with suppress(OSError, psutil.Error):
                if os.getpgid(other) == pid:
                    found.append(psutil.Process(other))
    return found


def is_resource_tracker(process: psutil.Process) -> bool:
    """Tell multiprocessing's tracker: when the others are gone it unlinks their semaphores, and ends."""
    with suppress(psutil.Error):
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    return False


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill processes; resource trackers among them last, when they have had time to tidy up."""
    everyone = list(processes)
    trackers = [process for process in everyone if is_resource_tracker(process)]
    for process in everyone:
        if process not in trackers:
            with suppress(psutil.Error):
                process.kill()
    for process in psutil.wait_procs(trackers, TRACKER_SECONDS)[1]:
        with suppress(psutil.Error):
            process.kill()


def kill_tree(child: subprocess.Popen[str]) -> None:
    """Kill a child, its descendants and, on POSIX, the group that it leads."""
    others = {*_descendants(child.pid), *_in_group(child.pid)}
    child.kill()
    kill_all(others)
    if os.name == "posix":
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)


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

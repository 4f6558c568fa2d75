"""Children with a time limit: whatever may hang or die runs here, and nothing of it is left behind."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

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


def _last_words(child: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return child.communicate(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        return "", ""


def run_child(command: Sequence[str], time_limit_seconds: float) -> Outcome:
    """Run a command with its output captured, and kill its whole tree at the time limit.

    The tree is killed as well when the caller is interrupted, and what a child left running when it
    ended by itself.

    Raises
    ------
    OSError
        The command cannot be started.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        stdout, stderr = child.communicate(timeout=time_limit_seconds)
        returncode: int | None = child.returncode
    except subprocess.TimeoutExpired:
        kill_tree(child)
        (stdout, stderr), returncode = _last_words(child), None
    finally:
        kill_tree(child)
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    return Outcome(stdout, stderr, returncode)

"""Starts the user's command with the probe on its path, and hands signals on to it, each once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PROBE_FOLDER = Path(__file__).parent / "probe"
VARIABLE = "TORCH_CHECKUP_WATCH"
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
FROM_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGHUP")  # the terminal sends these to the whole foreground group
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def watched_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the probe in front of the user's own path."""
    paths = [str(PROBE_FOLDER), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths), VARIABLE: str(folder)}


def is_in_foreground() -> bool:
    """Tell whether the terminal's Ctrl-C reaches this process, and so its children in the same group."""
    if os.name != "posix":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _death_with_parent() -> Callable[[], None] | None:
    """Return what makes a child end when this process is killed; None where the kernel has no such thing."""
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Command:
    """A running command.

    Parameters
    ----------
    words : sequence of str
    folder : Path
        Where the probe writes.
    stderr : int
        The descriptor that becomes the command's stderr.

    Raises
    ------
    OSError
        It cannot be started.
    """

    def __init__(self, words: Sequence[str], folder: Path, stderr: int) -> None:
        self.shares_keyboard = is_in_foreground()
        own_group: dict[str, Any] = {} if self.shares_keyboard else {"process_group": 0}
        self.received: list[int] = []
        self.process = subprocess.Popen(
            words,
            stderr=stderr,
            env=watched_environment(folder, os.environ),
            preexec_fn=_death_with_parent(),  # noqa: PLW1509 -- no thread has been started yet
            **own_group,
        )

    def forward(self, number: int) -> None:
        """Hand a signal on, the keyboard's to the whole group, unless the terminal has already done so."""
        self.received.append(number)
        is_from_keyboard = signal.Signals(number).name in FROM_KEYBOARD
        if not is_from_keyboard:
            with suppress(OSError):
                self.process.send_signal(number)
        elif not self.shares_keyboard:
            self._forward_to_group(number)

    def _forward_to_group(self, number: int) -> None:
        with suppress(OSError):
            os.killpg(self.process.pid, number)

    def wait(self, seconds: float) -> int | None:
        """Return the exit code as shells have it (128 plus the signal), or None where it still runs."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        if signal.SIGTERM in self.received and not self.shares_keyboard:
            self._forward_to_group(signal.SIGTERM)  # to what a shell leaves behind that was told to end
        return 128 - code if code < 0 else code


@contextmanager
def started(
    words: Sequence[str], folder: Path, stderr: int, on_resize: Callable[[], None]
) -> Iterator[Command]:
    """Start a command; within the block signals are the command's, except those that were ignored before.

    Raises
    ------
    OSError
        It cannot be started.
    """
    command: Command | None = None
    early: list[int] = []

    def forward(number: int, frame: object) -> None:
        if command is None:
            early.append(number)  # one that strikes inside `Popen` must not lose the child
        else:
            command.forward(number)

    numbers = [getattr(signal, name) for name in FORWARDED if hasattr(signal, name)]
    handlers: dict[int, Any] = {
        number: forward for number in numbers if signal.getsignal(number) != signal.SIG_IGN
    }
    if hasattr(signal, "SIGWINCH"):
        handlers[signal.SIGWINCH] = lambda number, frame: on_resize()
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        command = Command(words, folder, stderr)
        for number in early:
            command.forward(number)
        yield command
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)

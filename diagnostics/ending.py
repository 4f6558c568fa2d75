"""How a command of any room ends: with an exit code, and one sentence where it could not do its work."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from diagnostics.outcomes import INTERRUPTED, OUR_FAULT, PIPE_CLOSED, WRONG_USAGE, UsageError, not_installed

FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name)}  # Windows lacks one
LONGEST_NAME = 80


def ended(program: str, command: Callable[[], int]) -> int:
    """Run a command and return its exit code; no traceback but for a fault of ours.

    Parameters
    ----------
    program : str
        Stands in front of each sentence: `python -m diagnostics`.
    command : callable
        Returns an exit code. Its `UsageError` is the user's to mend.
    """
    _open_closed_streams()
    try:
        with signals_handled(_terminated):  # by way of `finally`
            return _printed(program, command)
    except UsageError as error:
        say(f"{program}: {error}")
        return WRONG_USAGE
    except BrokenPipeError:
        _close_stdout()
        return PIPE_CLOSED
    except KeyboardInterrupt:  # which ends the reader of a pipe too, as in `| tee FILE`
        try:
            sys.stdout.flush()
        except OSError:
            _close_stdout()
        return INTERRUPTED
    except Exception as error:
        return _cannot_go_on(program, error)


def _printed(program: str, command: Callable[[], int]) -> int:
    """Run a command, and see all that it printed away: `--help` too, which ends by SystemExit."""
    try:
        code = command()
    except ModuleNotFoundError as error:
        code = not_installed(program, error)
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


@contextmanager
def signals_handled(handler: Callable[[int, object], NoReturn]) -> Iterator[None]:
    """Have a handler called for SIGTERM and SIGHUP meanwhile; one that is ignored, as by nohup, stays so."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before or signal.SIG_DFL)


def _terminated(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _open_closed_streams() -> None:
    """Give a stream that the caller closed (`>&-`) to nothing, so that no file of ours takes its place.

    `sys.stdin` stays None: who wants to read says that it is closed. No encoding stops what is printed.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nothing = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 -- stays open
            setattr(sys, name, nothing)
            setattr(sys, f"__{name}__", nothing)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if name == "stdout" else "backslashreplace")


def _close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush finds no broken pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(sentence: str) -> None:
    """Print a sentence on stderr; names in it come from outside and must not steer the terminal."""
    with suppress(OSError):  # stderr may be as full as stdout
        print("".join(c if c.isprintable() or c == "\xa0" else "?" for c in sentence), file=sys.stderr)


def _cannot_go_on(program: str, error: Exception) -> int:
    """Say what the machine refuses; any other exception is our fault."""
    if isinstance(error, OSError) and error.errno in FULL:
        _close_stdout()
        say(f"{program}: nothing more can be written: {error.strerror}; make room.")
        return WRONG_USAGE
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        say(f"{program}: {str(error.filename)[:LONGEST_NAME]}… cannot be a file: its name is too long.")
        return WRONG_USAGE
    with suppress(OSError):
        traceback.print_exc()
    say(f"{program}: this is a fault of torch-checkup; please report the lines above.")
    return OUR_FAULT

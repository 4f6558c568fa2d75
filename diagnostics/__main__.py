"""`python -m diagnostics COMMAND`: finds the commands in `diagnostics/commands/` and runs one."""

import argparse
import errno
import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from diagnostics import commands
from diagnostics.documents import check_path
from diagnostics.outcomes import INTERRUPTED, OUR_FAULT, PIPE_CLOSED, WRONG_USAGE, UsageError, not_installed

DEFAULT_COMMAND = "machine"
FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name)}  # Windows lacks one


def find_commands() -> list[ModuleType]:
    """Return the modules in `diagnostics/commands/`, by name."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(commands.__path__))
    return [import_module(f"{commands.__name__}.{name}") for name in names]


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m diagnostics",
        description="What slows or breaks DataLoaders here. Without a command: machine (see machine --help).",
        epilog="Exit codes: 0 nothing found, 1 findings at --fail-on or above, 2 wrong usage, 3 our fault.",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in find_commands():
        command = module.add(subparsers)
        command.set_defaults(run=module.run)
        command.add_argument(
            "--json", metavar="FILE", help="write a JSON document as well; - for stdout only"
        )
    return parser


def with_command(arguments: Sequence[str]) -> list[str]:
    """Put the default command in front where the arguments start with an option or are none."""
    first = arguments[0] if arguments else "--quick"
    if not arguments or (first.startswith("-") and first not in {"-h", "--help"}):
        return [DEFAULT_COMMAND, *arguments]
    return list(arguments)


def _terminated(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _close_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush finds no broken pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _our_fault() -> int:
    """Print the exception that is being handled, and whose it is."""
    traceback.print_exc()
    print(
        "python -m diagnostics: this is a fault of torch-checkup; please report the lines above.",
        file=sys.stderr,
    )
    return OUR_FAULT


def _open_closed_streams() -> None:
    """Give a stream that the caller closed (`>&-`) to nothing, so that no file of ours takes its place.

    `sys.stdin` stays None: who wants to read says that it is closed.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 -- stays open


def _disk_full(error: Exception) -> int:
    """Say that what is printed cannot be kept; any other exception is our fault."""
    if not isinstance(error, OSError) or error.errno not in FULL:
        return _our_fault()
    _close_stdout()
    print(
        f"python -m diagnostics: nothing more can be written: {error.strerror}; make room.", file=sys.stderr
    )
    return WRONG_USAGE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; no traceback but for a fault of ours."""
    _open_closed_streams()
    options = make_parser().parse_args(with_command(sys.argv[1:] if arguments is None else arguments))
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _terminated)
    try:
        try:
            check_path(options.json, "--json")
            code: int = options.run(options)
            sys.stdout.flush()
            return code
        except ModuleNotFoundError as error:
            return not_installed("python -m diagnostics", error)
    except UsageError as error:
        print(f"python -m diagnostics: {error}", file=sys.stderr)
        return WRONG_USAGE
    except BrokenPipeError:
        _close_stdout()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _disk_full(error)


if __name__ == "__main__":
    sys.exit(main())

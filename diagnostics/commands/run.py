"""`run`: the user's own command, watched."""

import argparse
import sys
from typing import TYPE_CHECKING

from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.ending import say
from diagnostics.outcomes import UsageError

if TYPE_CHECKING:
    from diagnostics.judge import Check
    from diagnostics.watch.diagnosing import Diagnosis
    from diagnostics.watch.observing import Observed

HANG_SECONDS = 60.0  # far beyond any healthy sample; a loader that starts up gets five times as long


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser(
        "run",
        help="runs your own command, and says why it failed, hung or waited for data",
        usage="python -m diagnostics run [--json FILE] [--hang-after S] [--kill-on-hang] -- COMMAND …",
        epilog="Output and exit code are the command's own; what is found goes to stderr after it.",
    )
    parser.add_argument(
        "--hang-after",
        type=_seconds,
        default=HANG_SECONDS,
        metavar="S",
        help="without any progress for S seconds a loader, or the program, hangs, default %(default)g",
    )
    parser.add_argument("--kill-on-hang", action="store_true", help="end a command that hangs, with code 124")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="after --")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return value


def run(options: argparse.Namespace) -> int:
    """Watch the command, then tell."""
    from diagnostics.judge import find_checks
    from diagnostics.watch.diagnosing import diagnose
    from diagnostics.watch.watching import watch

    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise UsageError("run wants a command: python -m diagnostics run -- python train.py")
    if options.json == "-":
        raise UsageError("--json - would mix with the command's own output; name a file.")
    checks = find_checks()
    observed = watch(words, options.hang_after, options.kill_on_hang, lambda seen: _tell_hang(seen, checks))
    diagnosis = diagnose(observed, checks)
    _tell(observed, diagnosis, checks)
    try:
        _write(options.json, observed, diagnosis)
    except UsageError as error:  # a training that went well has not failed because a disk is full
        say(f"torch-checkup: {error}")
    return observed.exit_code


def _write(name: str | None, observed: "Observed", diagnosis: "Diagnosis") -> None:
    from diagnostics.watch.attribution import costs, loader_rows, waiting, worker_rows

    parts = {
        "exit_code": observed.exit_code,
        "waiting": waiting(observed),
        "loaders": loader_rows(costs(observed)),
        "workers": worker_rows(observed),
    }
    write_document(name, "run", diagnosis.findings, **parts)


def _tell(observed: "Observed", diagnosis: "Diagnosis", checks: "list[Check]") -> None:
    from diagnostics.watch.telling import lines

    console = make_console(sys.stderr)
    meanings = {check.code: check.sections.get("What it means", "") for check in checks}
    print_lines(console, lines(observed, diagnosis, meanings, console.width))


def _tell_hang(observed: "Observed", checks: "list[Check]") -> None:
    from diagnostics.watch.diagnosing import diagnose

    _tell(observed, diagnose(observed, checks), checks)

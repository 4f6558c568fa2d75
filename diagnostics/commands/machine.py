"""`machine`: facts, live trials and findings for this machine."""

import argparse
import shutil
import sys
from contextlib import ExitStack, suppress

from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.outcomes import UsageError, exit_code


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser("machine", help="facts, live trials and findings for this machine")
    parser.add_argument("--quick", action="store_true", help="no trials: passive facts only, under a second")
    parser.add_argument("--python", metavar="PATH", default=sys.executable, help="whose torch the trials run")
    parser.add_argument("--include-private", action="store_true", help="keep host and user name")
    parser.add_argument("--fail-on", choices=("warn", "fail", "never"), default="fail", help="default: fail")
    return parser


def run(options: argparse.Namespace) -> int:
    """Gather, judge, print."""
    from diagnostics.facts import as_document
    from diagnostics.gather import gather
    from diagnostics.judge import judge
    from diagnostics.terminal import report_lines

    if not options.quick and shutil.which(options.python) is None:
        raise UsageError(
            f"--python {options.python} is no program; name a Python interpreter, or use --quick."
        )
    messages = make_console(sys.stderr)
    waiting = "Reading the machine" + ("" if options.quick else " and trying it, for half a minute")
    with ExitStack() as stack:
        if messages.is_terminal:
            with suppress(RuntimeError):  # no thread may be started for it
                stack.enter_context(messages.status(waiting))
        gathered = gather(quick=options.quick, python=options.python, include_private=options.include_private)
        findings = judge(gathered.facts)
    for note in gathered.notes:
        messages.print(f"note: {note}", soft_wrap=True)
    parts = {"facts": as_document(gathered.facts), "notes": gathered.notes}
    if not write_document(options.json, "machine", findings, **parts):
        console = make_console(sys.stdout)
        print_lines(console, report_lines(gathered.facts, findings, console.width))
    return exit_code(findings, options.fail_on)

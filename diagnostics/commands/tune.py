"""`tune`: the best DataLoader settings here, in few trials."""

import argparse
import sys
from contextlib import nullcontext

from diagnostics.commands.profile import add_target, count, seconds, tell_failure
from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.outcomes import NOTHING_FOUND

BUDGET_SECONDS = 60.0


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser("tune", help="the best DataLoader settings here, in few trials")
    add_target(parser)
    parser.add_argument(
        "--budget",
        type=seconds,
        default=BUDGET_SECONDS,
        metavar="S",
        help="begin no trial that would end after S seconds, default %(default)g",
    )
    parser.add_argument(
        "--most-workers",
        type=count,
        metavar="N",
        help="try no more worker processes, default 16 or twice the cores",
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Measure in a child, choose, print."""
    from diagnostics.ladder.laboratory import FailedError, Laboratory
    from diagnostics.ladder.others import Usage, note
    from diagnostics.tuning.telling import document, lines
    from diagnostics.tuning.trying import Tuner

    messages = make_console(sys.stderr)
    shown = messages.status("Starting") if messages.is_terminal else nullcontext()
    try:
        with shown as status, Laboratory(options.python, options.hang_after) as lab:
            about = lab.ask("load", target=options.target)
            lab.ask("take_step", target=None, seconds=options.step_time)
            tuner = Tuner(lab, about, options.step_time or 0.0, options.budget, options.most_workers)
            before = Usage.now()
            tuned = tuner.run(lambda what: status.update(f"Trying {what}") if status else None)
            tuned.notes.extend(filter(None, [note(before, Usage.now())]))
    except FailedError as failed:
        return tell_failure(failed, options, recommended=None, trials=[])
    if tuned.failure is not None:
        code = tell_failure(tuned.failure, options, **document(tuned))
        if options.json != "-":
            print_lines(make_console(sys.stdout), lines(tuned))
        return code
    if not write_document(options.json, "tune", [], **document(tuned)):
        print_lines(make_console(sys.stdout), lines(tuned))
    return NOTHING_FOUND

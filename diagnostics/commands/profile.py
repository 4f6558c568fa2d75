"""`profile`: the ceiling ladder of a Dataset or DataLoader, and what bounds it."""

import argparse
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.outcomes import NOTHING_FOUND

if TYPE_CHECKING:
    from diagnostics.ladder.bounds import Verdict
    from diagnostics.ladder.climbing import Climbed


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser("profile", help="what bounds a Dataset or DataLoader, stage by stage")
    add_target(parser)
    parser.add_argument(
        "--step", metavar="FILE.py:NAME", help="a callable that is run on every batch, as training would"
    )
    parser.add_argument(
        "--workers", type=count, metavar="N", help="worker processes, instead of the loader's own"
    )
    return parser


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add what `profile` and `tune` have in common."""
    parser.add_argument(
        "target", metavar="FILE.py:NAME", help="a Dataset or DataLoader, or a function that returns one"
    )
    parser.add_argument("--python", metavar="PATH", default=sys.executable, help="whose torch measures")
    parser.add_argument("--step-time", type=seconds, metavar="S", help="emulate a training step of S seconds")
    parser.add_argument(
        "--hang-after",
        type=seconds,
        default=60.0,
        metavar="S",
        help="give up without any progress for S seconds",
    )


def seconds(text: str) -> float:
    """Parse a number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return value


def count(text: str) -> int:
    """Parse a number of workers."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number of workers; 0 loads in the main process")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Measure in a child, judge, print."""
    from diagnostics.ladder.climbing import Climb
    from diagnostics.ladder.laboratory import FailedError, Laboratory
    from diagnostics.ladder.others import Usage, note

    messages = make_console(sys.stderr)
    shown = messages.status("Starting") if messages.is_terminal else nullcontext()
    try:
        with shown as status, Laboratory(options.python, options.hang_after) as lab:
            about = {**lab.ask("load", target=options.target), "target": options.target}
            lab.ask("take_step", target=options.step, seconds=options.step_time)
            has_step = options.step is not None or options.step_time is not None
            climb = Climb(lab, about, options.workers, has_step)
            before = Usage.now()
            climbed = climb.run(lambda what: status.update(f"Measuring {what}") if status else None)
            climbed.notes.extend(filter(None, [note(before, Usage.now())]))
    except FailedError as failed:
        return tell_failure(failed, options, bound=None, rungs=[])
    return _tell(climbed, options)


def tell_failure(failed: "Any", options: argparse.Namespace, **parts: Any) -> int:
    """Print the diagnosis of data that failed, and return the exit code."""
    from diagnostics.judge import find_checks
    from diagnostics.ladder.failures import findings_of
    from diagnostics.outcomes import FOUND
    from diagnostics.terminal import explanation_lines

    findings = findings_of(failed)
    if not write_document(options.json, options.command, findings, **parts):
        console = make_console(sys.stdout)
        meanings = {check.code: check.sections.get("What it means", "") for check in find_checks()}
        print_lines(console, explanation_lines(findings, meanings, console.width))
    return FOUND


def _tell(climbed: "Climbed", options: argparse.Namespace) -> int:
    from diagnostics.ladder.bounds import judge
    from diagnostics.ladder.telling import lines

    verdict = judge(climbed.evidence)
    parts = _parts(climbed, verdict)
    if not write_document(options.json, "profile", [], **parts):
        console = make_console(sys.stdout)
        print_lines(console, lines(climbed, verdict, console.width))
    return NOTHING_FOUND


def _parts(climbed: "Climbed", verdict: "Verdict") -> dict[str, Any]:
    from diagnostics.ladder.telling import remedy, sentence

    evidence = climbed.evidence
    return {
        "bound": verdict.bound,
        "sentence": sentence(verdict, evidence),
        "remedies": remedy(verdict.bound, climbed),
        "rungs": [rung.as_dict() for rung in climbed.rungs],
        "stages": [stage.as_dict() for stage in verdict.stages],
        "exposed_fraction": verdict.exposed if evidence.step else None,
        "arguments": climbed.arguments,
        "batch_size": climbed.about["batch_size"],
        "loop_seconds_per_batch": evidence.measured,
        "step_seconds": evidence.step or None,
        "worker": climbed.worker,
        "sample_bytes": evidence.sample_bytes,
        "slowest": [{"index": index, "seconds": seconds} for index, seconds in climbed.slowest],
        "threads": climbed.about["threads"],
        "usable_cores": evidence.usable_cores,
        "counted_cores": evidence.counted_cores,
        "quota_cores": evidence.quota_cores,
        "start_seconds": climbed.start["start_seconds"],
        "notes": climbed.notes,
    }

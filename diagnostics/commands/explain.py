"""`explain`: the cause behind a pasted log, or the page of a diagnosis."""

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.inputs import STDIN, open_input, read_ends
from diagnostics.outcomes import NOTHING_FOUND, UsageError, exit_code

if TYPE_CHECKING:
    from diagnostics.judge import Check

MOST_BYTES = 64 * 1024**2  # read of a log; of a longer one half from each end
BINARY_SHARE = 0.3  # of characters that no text has
_MAGIC = (
    b"\x7fELF",
    b"\x89PNG",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"%PDF",
    b"MZ\x90",
    b"\xff\xd8\xff",
    b"\x80\x02",
)
_LIKE_A_NAME = re.compile(r"[\w-]+")


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser("explain", help="the cause behind a pasted log, or a diagnosis' page")
    parser.add_argument(
        "name", metavar="LOG|-|CODE", help="a log file, - for stdin, or a code or slug: DL203, shm-exhausted"
    )
    parser.add_argument("--fail-on", choices=("warn", "fail", "never"), default="fail", help="default: fail")
    return parser


def find_check(name: str, checks: Sequence["Check"]) -> "Check":
    """Return the check of that code or slug, in any case; the close ones are named where there is none."""
    by_name = {key.lower(): check for check in checks for key in (check.code, check.slug)}
    wanted = name.lower().replace("_", "-")
    if wanted in by_name:
        return by_name[wanted]
    close = difflib.get_close_matches(wanted, by_name, n=3)
    names = [by_name[key].code if key == by_name[key].code.lower() else key for key in close]
    hint = f" (did you mean {' or '.join(names)}?)" if names else ""
    raise UsageError(
        f"There is no file and no diagnosis {name!r}{hint}; all of them: python -m diagnostics list"
    )


def read_log(name: str) -> bytes:
    """Return the bytes of a log file, or of stdin for "-"; of a very long one its two ends."""
    try:
        with open_input(name) as file:
            data = read_ends(file, MOST_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{_named(name)} cannot be read ({reason}); name a log file, or - for stdin."
        ) from None
    if not data.strip():
        raise UsageError(f"{_named(name)} is empty; paste the log from the first error on.")
    return data


def _named(name: str) -> str:
    return "stdin" if name == STDIN else name or "An empty name"


def is_binary(data: bytes) -> bool:
    """Tell bytes that are no text, in whatever encoding."""
    from diagnostics.traces.cleaning import decode

    if data.startswith(_MAGIC):
        return True
    sample = decode(data[:65536])
    strange = sum(not (c.isprintable() or c in "\t\n\r\x1b\x08\x0c") or c == "\ufffd" for c in sample)
    return strange > BINARY_SHARE * len(sample)


def wants_page(name: str) -> bool:
    """Tell whether a code or slug is meant: a file that exists, or a path, is a log."""
    return name != STDIN and bool(_LIKE_A_NAME.fullmatch(name)) and not Path(name).exists()


def run(options: argparse.Namespace) -> int:
    """Explain a log, or print the page of a diagnosis; a slug that a rule shares is the check's."""
    from diagnostics.judge import find_checks
    from diagnostics.lint.ruleset import find_rules

    checks = find_checks()
    if wants_page(options.name):
        rules = [rule.as_check() for rule in find_rules()]
        return _show_page(find_check(options.name, [*rules, *checks]), options)
    return _explain(options, checks)


def _show_page(check: "Check", options: argparse.Namespace) -> int:
    from diagnostics.terminal import page_lines

    sections = [{"heading": heading, "text": text} for heading, text in check.sections.items()]
    page = {"code": check.code, "slug": check.slug, "title": check.title, "sections": sections}
    if not write_document(options.json, "explain", [], page=page):
        print_lines(make_console(sys.stdout), page_lines(check))
    return NOTHING_FOUND


def _explain(options: argparse.Namespace, checks: Sequence["Check"]) -> int:
    from diagnostics.terminal import explanation_lines
    from diagnostics.traces.explaining import explain_trace
    from diagnostics.traces.trace import read_trace

    data = read_log(options.name)
    if is_binary(data):
        raise UsageError(f"{_named(options.name)} is not text; paste the log that the training printed.")
    if options.name.lower() in {key.lower() for check in checks for key in (check.code, check.slug)}:
        print(f"note: {options.name} is a file here and was read as a log.", file=sys.stderr)
    trace = read_trace(data)
    findings = explain_trace(trace, checks)
    log = {"lines": trace.num_lines, "platform": asdict(trace.platform)}
    if not write_document(options.json, "explain", findings, log=log):
        console = make_console(sys.stdout)
        meanings = {check.code: check.sections.get("What it means", "") for check in checks}
        print_lines(console, explanation_lines(findings, meanings, console.width))
    return exit_code(findings, options.fail_on)

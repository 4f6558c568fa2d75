"""`explain`: the page of a diagnosis."""

import argparse
import difflib
import sys
from typing import TYPE_CHECKING

from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.outcomes import NOTHING_FOUND, UsageError

if TYPE_CHECKING:
    from diagnostics.judge import Check


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser("explain", help="the page of a diagnosis")
    parser.add_argument("name", metavar="CODE", help="a code or slug: MC101, cpu-quota-ignored")
    return parser


def find_check(name: str) -> "Check":
    """Return the check of that code or slug, in any case; the close ones are named where there is none."""
    from diagnostics.judge import find_checks

    by_name = {key.lower(): check for check in find_checks() for key in (check.code, check.slug)}
    wanted = name.lower().replace("_", "-")
    if wanted in by_name:
        return by_name[wanted]
    close = difflib.get_close_matches(wanted, by_name, n=3)
    names = [by_name[key].code if key == by_name[key].code.lower() else key for key in close]
    hint = f" (did you mean {' or '.join(names)}?)" if names else ""
    raise UsageError(f"There is no diagnosis {name!r}{hint}; all of them: python -m diagnostics list")


def run(options: argparse.Namespace) -> int:
    """Print the page of a diagnosis."""
    from diagnostics.terminal import page_lines

    check = find_check(options.name)
    sections = [{"heading": heading, "text": text} for heading, text in check.sections.items()]
    page = {"code": check.code, "slug": check.slug, "title": check.title, "sections": sections}
    if not write_document(options.json, "explain", [], page=page):
        print_lines(make_console(sys.stdout), page_lines(check))
    return NOTHING_FOUND

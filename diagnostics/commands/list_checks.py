"""`list`: every diagnosis."""

import argparse
import sys

from diagnostics.console import make_console, print_lines
from diagnostics.documents import write_document
from diagnostics.outcomes import NOTHING_FOUND


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    return subparsers.add_parser("list", help="every diagnosis: code, slug, one line")


def run(options: argparse.Namespace) -> int:
    """Print every check, and every rule of `lint`."""
    from diagnostics.judge import find_checks
    from diagnostics.lint.ruleset import find_rules
    from diagnostics.terminal import list_lines

    checks = [*find_checks(), *(rule.as_check() for rule in find_rules())]
    rows = [{"code": check.code, "slug": check.slug, "title": check.title} for check in checks]
    if not write_document(options.json, "list", [], checks=rows):
        print_lines(make_console(sys.stdout), list_lines(checks))
    return NOTHING_FOUND

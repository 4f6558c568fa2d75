"""`lint`: reads training code without importing or running it."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.console import make_console, print_lines
from diagnostics.documents import check_path, write_document, write_output
from diagnostics.outcomes import UsageError, exit_code

if TYPE_CHECKING:
    from diagnostics.lint.linting import Linted


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the parser."""
    parser = subparsers.add_parser(
        "lint",
        help="reads training code and notebooks without running them",
        epilog="`# checkup: ignore[LN104]` silences one rule on its line, `# checkup: ignore` all of them.",
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help="a file, a notebook, a folder, or - for stdin"
    )
    parser.add_argument("--sarif", metavar="FILE", help="write a SARIF 2.1.0 log as well; - for stdout only")
    parser.add_argument("--fail-on", choices=("warn", "fail", "never"), default="warn", help="default: warn")
    return parser


def run(options: argparse.Namespace) -> int:
    """Read, find, print."""
    from diagnostics.lint.files import UnreadablePathError, read_sources
    from diagnostics.lint.linting import lint_sources
    from diagnostics.lint.text import lint_lines

    if options.json == "-" and options.sarif == "-":
        raise UsageError("--json - and --sarif - both want stdout; name a file for one of them.")
    check_path(options.sarif, "--sarif")
    try:
        result = lint_sources(read_sources(options.paths))
    except UnreadablePathError as error:
        raise UsageError(str(error)) from None
    counts = {"files": result.num_files, "lines": result.num_lines}
    is_taken = write_document(options.json, "lint", result.findings, **counts)
    is_taken = _write_sarif(options.sarif, result) or is_taken
    if not is_taken:
        console = make_console(sys.stdout)
        print_lines(console, lint_lines(result, console.width))
    return exit_code(result.findings, options.fail_on)


def _write_sarif(name: str | None, result: "Linted") -> bool:
    """Write the SARIF log; return whether stdout is taken by it."""
    from diagnostics.lint.ruleset import find_rules
    from diagnostics.lint.sarif import as_sarif

    if name is None:
        return False
    log = as_sarif(result, find_rules(), Path.cwd().as_posix())
    return write_output(name, json.dumps(log, indent=2) + "\n", "--sarif")

"""`python -m reports build RESULT… -o report.html` and `compare A.json B.json …`: results become a page."""

import argparse
import sys
from collections.abc import Sequence

from diagnostics.ending import ended
from diagnostics.outcomes import WRONG_USAGE
from reports import building
from reports.comparison import command
from reports.json_files import ResultError


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    main_parser = argparse.ArgumentParser(
        prog="python -m reports", description="Turn results into one HTML page, or compare them."
    )
    commands = main_parser.add_subparsers(dest="command", required=True)
    building.add(commands)
    command.add(commands)
    return main_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one sentence on stderr and exit code 2."""

    def run() -> int:
        arguments = parser().parse_args(argv)
        try:
            code: int = arguments.action(arguments)
        except ResultError as error:
            print(error, file=sys.stderr)
            return WRONG_USAGE
        return code

    return ended("python -m reports", run)


if __name__ == "__main__":
    sys.exit(main())

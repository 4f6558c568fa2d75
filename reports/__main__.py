"""`python -m reports build RESULT… -o report.html` and `compare A.json B.json …`: results become a page."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from diagnostics.outcomes import not_installed
from reports import building
from reports.comparison import command
from reports.json_files import ResultError

USAGE_ERROR, OUR_FAULT, INTERRUPTED = 2, 3, 130


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
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    arguments = parser().parse_args(argv)
    try:
        try:
            return arguments.action(arguments)
        except ModuleNotFoundError as error:
            return not_installed("python -m reports", error)
    except ResultError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of stdout, `head` perhaps, has gone; the page is written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        traceback.print_exc()
        print("This is a fault of torch-checkup; please report the lines above.", file=sys.stderr)
        return OUR_FAULT


if __name__ == "__main__":
    sys.exit(main())

"""`python -m reports build RESULT… -o report.html` and `compare A.json B.json …`: results become a page."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from reports.comparison import command
from reports.load import ResultError

USAGE_ERROR, OUR_FAULT, INTERRUPTED = 2, 3, 130


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    main_parser = argparse.ArgumentParser(
        prog="python -m reports", description="Turn results into one HTML page, or compare them."
    )
    commands = main_parser.add_subparsers(dest="command", required=True)
    build_parser = commands.add_parser(
        "build", help="build one self-contained page", description=build.__doc__
    )
    build_parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="RESULT",
        help="a pytest-benchmark JSON file, or a folder: its newest result",
    )
    build_parser.add_argument("-o", "--output", type=Path, default=Path("report.html"), metavar="FILE")
    build_parser.add_argument("--title", default="", help="heading of the page")
    build_parser.add_argument(
        "--include-private",
        action="store_true",
        help="keep host and user names, paths and environment values",
    )
    build_parser.set_defaults(action=build)
    command.add(commands)
    return main_parser


def build(arguments: argparse.Namespace) -> int:
    """Build one self-contained HTML page about the newest of the results; the others are named on it."""
    from reports import ab_page, cards, load, output, page

    output.check_target(arguments.output, arguments.results)
    document = ab_page.read(arguments.results[0]) if len(arguments.results) == 1 else None
    if document is not None:
        output.write_whole(arguments.output, ab_page.render(document, arguments.title))
        print("\n".join([str(arguments.output.resolve()), *ab_page.lines(document)]), flush=True)
        return 0
    runs = load.read_runs(arguments.results, arguments.include_private)
    output.write_whole(arguments.output, page.render(runs, arguments.title))
    print("\n".join([str(arguments.output.resolve()), *cards.lines(runs[0])]), flush=True)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one sentence on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    arguments = parser().parse_args(argv)
    try:
        return arguments.action(arguments)
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

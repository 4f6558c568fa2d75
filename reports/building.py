"""The command line of `build`: results become one page, or its overview as text."""

import argparse
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.inputs import Reading
    from reports.pages import Page

FORMATS = ("terminal", "md", "csv", "json")
NAMES = {"html": "HTML", "terminal": "text", "md": "Markdown", "csv": "CSV", "json": "JSON"}
BY_SUFFIX = {".md": "md", ".csv": "csv", ".json": "json", ".txt": "terminal"}


def add(commands: Any) -> None:
    """Add `build` to the commands of the room."""
    parser = commands.add_parser("build", help="build one self-contained page", description=build.__doc__)
    parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="RESULT",
        help=(
            "a JSON file of pytest-benchmark, pyperf or hyperfine, a folder (all results in it) or a "
            "pattern; documents of `python -m diagnostics profile` and `tune` may stand beside"
        ),
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the page (default: report.html); a name in .md, .txt, .csv or .json takes the overview or data",
    )
    parser.add_argument("--format", choices=FORMATS, help="print this to stdout; without -o no page is built")
    parser.add_argument(
        "--json", metavar="FILE", help="write the overview as JSON as well; - for stdout only"
    )
    parser.add_argument("--title", default="", help="heading of the page")
    parser.add_argument(
        "--include-private",
        action="store_true",
        help="keep host and user names, paths, addresses and environment values",
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="leave out files that cannot be read, and name them"
    )
    parser.set_defaults(action=build)


def build(arguments: argparse.Namespace) -> int:
    """Build one page: about the machine that all results come from, or about all machines."""
    from reports import output

    printed = "json" if arguments.json == "-" else arguments.format
    target = arguments.output or (None if printed else Path("report.html"))
    json_target = None if arguments.json in (None, "-") else Path(arguments.json)
    for path, kind in ((target, _kind(target)), (json_target, "json")):
        if path:
            output.check_target(path, arguments.results, NAMES[kind], f"report{path.suffix or f'.{kind}'}")
    page = _page(arguments)
    if target:
        output.write_whole(target, _text(page, _kind(target)))
    if json_target:
        output.write_whole(json_target, _text(page, "json"))
    if printed:
        sys.stdout.write(_text(page, printed, is_stdout=True))
    elif target:
        print("\n".join([str(target.resolve()), *page.lines]))
    sys.stdout.flush()
    return 0


def _kind(target: Path | None) -> str:
    return BY_SUFFIX.get(target.suffix.lower(), "html") if target else ""


def _page(arguments: argparse.Namespace) -> "Page":
    from reports import ab_page, pages
    from reports.companions import page as companions_page
    from reports.inputs import Reading

    if len(arguments.results) == 1 and not arguments.results[0].is_fifo():  # a pipe can be read once
        document = ab_page.read(arguments.results[0], arguments.include_private)
        if document is not None:
            return ab_page.page_of(document, arguments.title)
    reading = Reading(arguments.include_private, arguments.keep_going)
    runs = reading.runs(arguments.results)
    first = next(runs, None)
    if first is None:
        page = companions_page.page_of(reading.companions, arguments.title, list(_notices(reading)))
    else:
        told = chain([first], runs)
        page = pages.built(told, arguments.title, lambda: _notices(reading), reading.companions)
    for _, sentence in reading.skipped:
        print(f"Skipped: {sentence}", file=sys.stderr)
    return page


def _notices(reading: "Reading") -> Iterator[str]:
    """Tell on the page what is not on it."""
    from reports.json_files import shown
    from reports.private_patterns import hidden_words
    from reports.wording import count, shorten

    for path, sentence in reading.skipped:
        told = sentence.replace(shown(path), path.name)
        yield f"Skipped: {told if reading.include_private else hidden_words(told)[0]}"
    if reading.passed_over:
        names = shorten(", ".join(reading.passed_over), 300)
        yield f"Passed over {count(len(reading.passed_over), 'file')} that hold no result: {names}."


def _text(page: "Page", kind: str, *, is_stdout: bool = False) -> str:
    from reports import twins

    if kind == "terminal":
        return twins.terminal_text(page, sys.stdout if is_stdout else None)
    if kind in ("html", "csv"):
        return page.html() if kind == "html" else page.csv()
    return twins.json_text(page) if kind == "json" else twins.markdown_text(page)

"""The command line of `compare`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.comparison.result import Result

FORMATS = ("table", "md", "csv", "json")
GATE_CROSSED = 1


def add(commands: Any) -> None:
    """Add `compare` to the commands of the room."""
    parser = commands.add_parser(
        "compare",
        help="runs or machines side by side",
        description=(
            "Compare results: two arguments are A and B; more are grouped by machine, or compared one by one "
            "with the first where all come from one machine."
        ),
        epilog="Exit codes: 0 done, 1 the gate of --fail-on was crossed, 2 wrong usage, 3 our fault.",
    )
    what = "a JSON file of pytest-benchmark, pyperf or hyperfine, a folder (all results in it) or a pattern"
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULT", help=what)
    parser.add_argument(
        "--against",
        nargs="+",
        type=Path,
        default=[],
        metavar="RESULT",
        help="side B; what stands before it is A",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write a page as well")
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="what stdout gets (default: table)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the JSON document as well; - for stdout only")
    parser.add_argument(
        "--fail-on",
        metavar="GATE",
        help="slower:5%% exits 1 where a verdict is slower and its whole interval lies beyond 5 %%",
    )
    parser.add_argument("--title", default="", help="heading of the page")
    parser.add_argument(
        "--include-private",
        action="store_true",
        help="keep host and user names, paths and environment values",
    )
    parser.set_defaults(action=compare)


def compare(arguments: argparse.Namespace) -> int:
    """Compare the sides, write what was asked for, and tell whether the gate was crossed."""
    from reports import output
    from reports.comparison import gate, reading, result, sides

    limit = gate.parse(arguments.fail_on) if arguments.fail_on is not None else None
    inputs = [*arguments.results, *arguments.against]
    json_path = Path(arguments.json) if arguments.json not in (None, "-") else None
    if arguments.output:
        output.check_target(arguments.output, inputs, example="compare.html")
    if json_path:
        output.check_target(json_path, inputs, "JSON", "compare.json")
    groups = (
        [arguments.results, arguments.against] if arguments.against else [[one] for one in arguments.results]
    )
    given, passed_over = reading.read_sides(groups, arguments.include_private)
    found = result.compare(sides.arranged(given, is_explicit=bool(arguments.against)), passed_over)
    _write(found, arguments, json_path)
    crossed = limit.crossed(found) if limit else []
    if limit and crossed:
        print(gate.line(limit, crossed, found), file=sys.stderr)
    if limit and not any(against.rows for against in found.against):
        print("The gate had nothing to judge: no configuration was compared.", file=sys.stderr)
    return GATE_CROSSED if crossed else 0


def _write(found: "Result", arguments: argparse.Namespace, json_path: Path | None) -> None:
    from reports import output
    from reports.comparison import documents, markdown, terminal

    if arguments.output:
        from reports.comparison import page

        output.write_whole(arguments.output, page.render(found, arguments.title))
    if json_path:
        output.write_whole(json_path, documents.json_text(found))
    if arguments.json == "-" or arguments.format == "json":
        sys.stdout.write(documents.json_text(found))
    elif arguments.format == "table":
        terminal.write(found, sys.stdout)
    elif arguments.format == "md":
        sys.stdout.write(markdown.text(found))
    else:
        sys.stdout.write(documents.csv_text(found))
        _warn(found)
    sys.stdout.flush()


def _warn(found: "Result") -> None:
    """Say on stderr what a CSV has no place for: in what the machines differ, and the notes."""
    told = [
        f"{fact.key}: {fact.a} on {against.a.name}, {fact.b} on {against.b.name}"
        for against in found.against
        for fact in against.facts
    ]
    for line in (*told, *found.notes):
        print(" ".join(line.split()), file=sys.stderr)

"""A comparison in the terminal: a table with colours there, plain columns in a pipe."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, TextIO

from diagnostics.comparisons import Outcome
from diagnostics.console import make_console
from reports.comparison import shown
from reports.comparison.result import Against, Result, Row, summary
from reports.wording import number, printed_in, shorten

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {Outcome.SLOWER: "red", Outcome.FASTER: "green", Outcome.SAME: "", Outcome.UNSURE: ""}
COLUMNS = ("verdict", "ratio", "95 % interval", "configuration")
PIPE_WIDTH = 10_000


def write(result: Result, stream: TextIO) -> None:
    """Print sides, facts that differ, verdicts, what was not compared, notes, and the counts last."""
    console = make_console(stream)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    for side in result.sides:
        _line(console, shown.side(side))
    for against in result.against:
        _line(console, "")
        _against(console, against, has_heading=shown.letters(result))
    if result.notes:
        _line(console, "")
    for note in result.notes:
        _line(console, f"! {note}")
    _line(console, "")
    for against in result.against:
        heading = f"{shown.heading(against)}: " if shown.letters(result) else ""
        _line(console, heading + summary(against), "bold")


def _against(console: "Console", against: Against, *, has_heading: bool) -> None:
    if has_heading:
        _line(console, shown.heading(against), "bold")
    _line(console, shown.machines(against))
    if against.facts:
        facts = [((fact.key, fact.a, fact.b), "") for fact in against.facts]
        _table(console, ("fact", against.a.name, against.b.name), facts)
    if against.rows:
        _line(console, "")
        if console.is_terminal:
            _table(console, COLUMNS, _stacked(against))
        else:
            rows = [((*_cells(row), row.reason), "") for row in against.rows]
            _table(console, (*COLUMNS, "why"), rows)
    if against.missing:
        _line(console, "")
        left = [((shown.KINDS[one.kind], one.name, one.reason), "") for one in against.missing]
        _table(console, ("not in the table above", "configuration", "why"), left)


def _cells(row: Row) -> tuple[str, ...]:
    one = row.comparison
    return (shown.verdict(one.verdict), number(one.ratio), shown.interval(one), one.name)


def _stacked(against: Against) -> Iterator[tuple[Sequence[str], str]]:
    """Yield the rows for a narrow place: a reason below the configurations that it holds for."""
    for row, following in zip_longest(against.rows, against.rows[1:]):
        yield _cells(row), STYLES[row.comparison.verdict]
        if following is None or following.reason != row.reason:
            yield ("", "", "", row.reason), "dim"


def _table(console: "Console", columns: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            _printable(console, column),
            overflow="fold",
            no_wrap=column in COLUMNS[:3],
        )
    for cells, style in rows:
        table.add_row(*(_printable(console, cell) for cell in cells), style=style or None)
    with console.capture() as captured:
        console.print(table)
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _line(console: "Console", text: str, style: str = "") -> None:
    console.print(_printable(console, text, 2000), style=style or None, soft_wrap=True)


def _printable(console: "Console", text: str, longest: int = 400) -> str:
    """Return one line, in ASCII where the stream's encoding lacks our glyphs."""
    return printed_in(console.encoding, " ".join(shorten(text, longest).split()))

"""The first screen as Markdown for a pull request, as text for a terminal, and as JSON."""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from diagnostics.console import make_console
from reports.markdown import escaped, table
from reports.parts import Card, Overview, ShownFinding, Table
from reports.wording import printed_in, shorten

if TYPE_CHECKING:
    from rich.console import Console

    from reports.pages import Page

STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}
LONGEST_LINE = 2000


def _origin(page: "Page") -> str:
    run = page.report.run
    return f"{run.name}{f', {run.when:%Y-%m-%d %H:%M %Z}' if run.when else ''}"


def _badge(page: "Page") -> str:
    status = page.head.status
    return f"{page.glyphs[status]} {page.words.get(status, status)}"


def _tables(page: "Page") -> list[Table]:
    return [part for part in page.overview.parts if isinstance(part, Table)]


def _plain(text: str) -> str:
    """Return a text without the marks that the page shows as code and strong words."""
    return text.replace("`", "").replace("**", "")


def markdown_text(page: "Page") -> str:
    """Return verdict, what to mend, the answers and the notices; names in it are inert."""
    head = page.head
    lines = [f"### {escaped(page.report.title)}", "", f"{escaped(_origin(page))}", ""]
    lines += [f"**{escaped(_badge(page))} {escaped(head.verdict)}** {escaped(_plain(head.advice))}", ""]
    lines += [_fenced(command) for command in head.commands]
    if head.cards:
        rows = [row for card in head.cards for row in _markdown_rows(card)]
        lines += [*table(("question", "about", "answer", "", "how sure"), rows), ""]
    for shown in _tables(page):
        cells = [[escaped(cell.text) for cell in row] for row in shown.rows]
        lines += [f"**{escaped(shown.caption)}**", "", *table(tuple(map(escaped, shown.columns)), cells), ""]
    lines += [f"> {escaped(_plain(notice))}  " for notice in head.notices]
    return "\n".join(lines).rstrip("\n") + "\n"


def _fenced(command: str) -> str:
    fence = "```"
    while fence in command:
        fence += "`"
    return f"{fence}\n{command}\n{fence}\n"


def _markdown_rows(card: Card) -> Iterator[list[str]]:
    sureness = escaped(_plain(card.sureness))
    if not card.answers:
        yield [escaped(card.question), "", "", "", sureness]
    for i, answer in enumerate(card.answers):
        parts = (answer.label, f"**{escaped(answer.value)}**", answer.detail)
        told = [part if part.startswith("**") else escaped(part) for part in parts]
        yield [escaped(card.question) if i == 0 else "", *told, sureness if i == 0 else ""]


def terminal_text(page: "Page", stream: TextIO | None = None) -> str:
    """Return the same for a terminal: with colours and its width there, plain lines in a pipe or file."""
    written = io.StringIO()
    console = make_console(stream or written)
    if not console.is_terminal:
        console.width = LONGEST_LINE
    with console.capture() as captured:
        _print(page, page.head, console)
    text = "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
    return printed_in(console.encoding, text) if stream else text


def _print(page: "Page", head: Overview, console: "Console") -> None:
    def line(text: str, style: str | None = None) -> None:
        indent = " " * (len(text) - len(text.lstrip()))
        told = indent + " ".join(shorten(text, LONGEST_LINE).split())
        console.print(told, style=style, soft_wrap=not console.is_terminal)

    line(page.report.title, "bold")
    line(_origin(page), "dim")
    line(f"{_badge(page)}  {head.verdict}", STYLES.get(head.status, "bold"))
    line(_plain(head.advice))
    for command in head.commands:
        line(f"  $ {command}")
    for card in head.cards:
        console.print()
        line(card.question, "bold")
        for answer in card.answers:
            line(f"  {answer.label}: {answer.value}, {answer.detail}")
        line(f"  {_plain(card.sureness)}", "dim")
        for command in card.commands:
            line(f"  $ {command}")
    for shown in _tables(page):
        console.print()
        line(shown.caption, "bold")
        _print_table(shown, console)
    if head.notices:
        console.print()
    for notice in head.notices:
        line(f"! {_plain(notice)}", "dim")


def _print_table(shown: Table, console: "Console") -> None:
    from rich.table import Table as Grid

    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in shown.columns:
        grid.add_column(column, overflow="fold")
    for row in shown.rows:
        grid.add_row(*(" ".join(cell.text.split()) for cell in row))
    console.print(grid)


def json_text(page: "Page") -> str:
    """Return the first screen and the findings as strict JSON."""
    head, report = page.head, page.report
    verdict = {"status": str(head.status), "text": head.verdict, "advice": _plain(head.advice)}
    document: dict[str, Any] = {
        "schema": 1,
        "command": "build",
        "title": report.title,
        "origin": _origin(page),
        "verdict": {**verdict, "commands": list(head.commands)},
        "findings": [_finding(finding) for finding in report.findings],
        "answers": [answer for card in head.cards for answer in _answers(card)],
        "tables": [{"title": shown.caption, "rows": _rows(shown)} for shown in _tables(page)],
        "notices": [_plain(notice) for notice in head.notices],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _finding(finding: ShownFinding) -> dict[str, Any]:
    told = asdict(finding)
    remedy = {"text": told.pop("remedy"), "commands": told.pop("commands")}
    return {"slug": told.pop("anchor").removeprefix("finding-"), **told, "remedy": remedy}


def _answers(card: Card) -> Iterator[dict[str, str]]:
    for answer in card.answers:
        about = {"about": answer.label, "value": answer.value, "detail": answer.detail}
        yield {"question": card.question, **about, "sureness": _plain(card.sureness)}


def _rows(shown: Table) -> list[dict[str, str]]:
    return [dict(zip(shown.columns, (cell.text for cell in row), strict=True)) for row in shown.rows]

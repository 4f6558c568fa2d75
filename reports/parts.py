"""What a section is made of. Plain data: sections fill it, the template formats it."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from diagnostics.intervals import Interval
from reports import wording


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, and the number it is sorted by where it has one."""

    text: str
    value: float | None = None


def cell(text: object, value: Any = None) -> Cell:
    """Return a cell with its text cut to what a cell can hold; NaN sorts as text."""
    sortable = None if value is None or not math.isfinite(value) else float(value)
    return Cell(wording.shorten(str(text)), sortable)


def number_cell(value: float) -> Cell:
    """Return a cell that shows a number and is sorted by it."""
    return cell(wording.number(value), value)


def interval_cells(interval: Interval, scale: float = 1.0) -> list[Cell]:
    """Return three cells: estimate, 95 % interval, number of values."""
    return [
        number_cell(scale * interval.estimate),
        cell(wording.span(interval, scale), interval.low),
        cell(interval.num_values, interval.num_values),
    ]


@dataclass(frozen=True)
class Prose:
    """A paragraph; what stands between backticks is shown as code."""

    kind: ClassVar[str] = "prose"
    text: str
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """A table that the reader can sort; folded tables open on request and in print.

    `filters` are columns whose words the reader can choose from; such a table needs an anchor, which its link
    carries together with the choice.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    is_folded: bool = False
    anchor: str = ""
    filters: Sequence[str] = ()


@dataclass(frozen=True)
class Drawn:
    """A figure on the page: `title` states the result, `caption` how to read it, `table` its numbers."""

    kind: ClassVar[str] = "figure"
    anchor: str
    title: str
    caption: str
    svg: str
    table: Table


@dataclass(frozen=True)
class Answer:
    """One line of a card: what it is about, the number, and what it means."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Card:
    """One question of the first screen with its answers."""

    question: str
    answers: Sequence[Answer]
    explanation: str
    sureness: str
    link: str = ""
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Overview:
    """The first screen: the verdict with its status, the one thing to mend, the cards."""

    kind: ClassVar[str] = "overview"
    status: str
    verdict: str
    advice: str
    commands: Sequence[str]
    cards: Sequence[Card]
    notices: Sequence[str] = ()


@dataclass(frozen=True)
class ShownFinding:
    """A finding as the page shows it, its strings redacted."""

    anchor: str
    code: str
    status: str
    title: str
    summary: str
    evidence: Sequence[str]
    remedy: str
    commands: Sequence[str]
    confidence: str


@dataclass(frozen=True)
class FindingList:
    """Findings in the order they are to be read; a folded list opens on request."""

    kind: ClassVar[str] = "findings"
    findings: Sequence[ShownFinding]
    folded_title: str = ""


@dataclass(frozen=True)
class Download:
    """Data that the reader can save from the page itself."""

    kind: ClassVar[str] = "download"
    file_name: str
    text: str
    label: str

    @property
    def link(self) -> str:
        """The data as a link: saving it asks for nothing from anywhere."""
        return "data:text/csv;charset=utf-8;base64," + base64.b64encode(self.text.encode("utf-8")).decode()


Part = Prose | Table | Drawn | Overview | FindingList | Download


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    anchor: str
    title: str
    parts: Sequence[Part]

"""Which page a set of results becomes, and that page before it is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports import cards, page, summaries, tidy
from reports.load import Run
from reports.parts import Overview, Section
from reports.report import Report
from reports.sections import overview

Notices = Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Page:
    """A page in all its forms.

    Attributes
    ----------
    overview : Section
        The first screen; the other forms show it alone.
    lines : sequence of str
        What the terminal says once the page is written.
    html, csv : callable
        Return the page, and the data behind it.
    """

    report: Report
    overview: Section
    lines: Sequence[str]
    html: Callable[[], str]
    csv: Callable[[], str]
    glyphs: Mapping[str, str] = field(default_factory=lambda: page.GLYPHS)
    words: Mapping[str, str] = field(default_factory=lambda: page.WORDS)

    @property
    def head(self) -> Overview:
        """The verdict and the cards."""
        return next(part for part in self.overview.parts if isinstance(part, Overview))


def built(
    runs: Iterable[Run],
    title: str = "",
    notices: Notices = lambda: (),
    companions: Mapping[str, dict[str, Any]] | None = None,
) -> Page:
    """Return the page about one machine, or about all where the runs come from several.

    Parameters
    ----------
    notices : callable
        Asked after the last run was read: what the reader is to know about files that are not on the page.
    """
    newest, collected = summaries.collected(runs)
    if len(summaries.hosts(collected)) > 1:
        kinds = {kind for one in collected for kind in one.hidden}
        return _fleet(collected, title, [*notices(), page.left_out(newest, kinds)])
    told = [*notices(), page.left_out(newest, newest.hidden)]
    report = page.report_of(newest, title, collected[1:], companions, told)
    return Page(
        report,
        overview.build(report),
        cards.lines(newest),
        lambda: page.render(report),
        lambda: tidy.csv_text(tidy.run_frame(newest)),
    )


def _fleet(collected: Sequence[summaries.Summary], title: str, notices: Sequence[str]) -> Page:
    from reports.fleet.machines import Fleet
    from reports.fleet.page import FleetPage

    made = FleetPage(Fleet(collected), title, notices)
    return Page(made.report, made.overview(), made.lines(), made.html, made.csv)

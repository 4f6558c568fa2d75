"""Generalization: the figures, an example of linear algebra, or the command that measures them."""

from reports import figures, studies
from reports.cards import MEASURE
from reports.figures import claims
from reports.load import Run
from reports.parts import Cell, Part, Prose, Section, Table, cell
from reports.report import Report
from reports.values import entries

ORDER = 60


def build(report: Report) -> Section | None:
    """Return the section; files of other suites have none."""
    if not report.is_ours:
        return None
    drawn = [
        *figures.of_section(report.run, "generalization"),
        *claims.papers(report.run),
        *_linear_map(report.run),
    ]
    if not drawn:
        text = "What regularizers do was not measured in this run. Measure it with"
        drawn = [Prose(text, (f"{MEASURE} -k generalization",))]
    return Section("generalization", "Generalization", drawn)


def _linear_map(run: Run) -> list[Part]:
    """Return the example with each definition and what the numbers say."""
    told = entries(studies.study(run).get("linear_map"))
    if not told:
        return []
    lines = [
        [
            cell(str(one.get("property"))),
            cell("✓ yes" if one.get("holds") is True else "✕ no"),
            Cell(str(one.get("definition"))[:400]),
            Cell(str(one.get("evidence"))[:400]),
        ]
        for one in told
    ]
    caption = "An example of linear algebra: (a1, a2, a3) → (a1 + a2, a2 − a3)"
    return [Table(caption, ("is it …", "here", "which means", "by numbers"), lines)]

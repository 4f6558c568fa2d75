"""Generalization: the figures, or the command that measures them."""

from reports import figures
from reports.cards import MEASURE
from reports.parts import Prose, Section
from reports.report import Report

ORDER = 60


def build(report: Report) -> Section | None:
    """Return the section; files of other suites have none."""
    if not report.is_ours:
        return None
    drawn = figures.of_section(report.run, "generalization")
    if not drawn:
        text = "What weight decay does was not measured in this run. Measure it with"
        drawn = [Prose(text, (f"{MEASURE} -k weight_decay",))]
    return Section("generalization", "Generalization", drawn)

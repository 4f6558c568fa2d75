"""Loader throughput: the figures, or the command that measures them."""

from reports import figures
from reports.cards import MEASURE
from reports.parts import Prose, Section
from reports.report import Report

ORDER = 30


def build(report: Report) -> Section | None:
    """Return the section; files of other suites have none."""
    if not report.is_ours:
        return None
    drawn = figures.of_section(report.run, "loader")
    if not drawn:
        text = "How fast a DataLoader delivers samples was not measured in this run. Measure it with"
        drawn = [Prose(text, (f"{MEASURE} -k loader_throughput",))]
    return Section("loader", "Loader throughput", drawn)

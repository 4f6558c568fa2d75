"""Start-up and memory of workers: the figures, or the command that measures them."""

from reports import figures
from reports.cards import MEASURE
from reports.parts import Prose, Section
from reports.report import Report

ORDER = 40


def build(report: Report) -> Section | None:
    """Return the section; files of other suites have none."""
    if not report.is_ours:
        return None
    drawn = figures.of_section(report.run, "startup")
    if not drawn:
        text = (
            "Start methods were not compared in this run: that needs at least two of them at the same number "
            "of workers. Measure it with"
        )
        drawn = [Prose(text, (f"{MEASURE} -k loader --start-methods fork,spawn,forkserver",))]
    return Section("startup", "Start-up and memory", drawn)

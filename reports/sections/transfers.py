"""Copies between host and GPU, where the run measured any."""

from reports import figures
from reports.parts import Section
from reports.report import Report

ORDER = 48


def build(report: Report) -> Section | None:
    """Return the section; a run without a GPU has none."""
    drawn = figures.of_section(report.run, "transfers")
    return Section("transfers", "To the GPU and back", drawn) if drawn else None

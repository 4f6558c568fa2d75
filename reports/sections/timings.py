"""The times of benchmarks that are not torch-checkup's own."""

from reports import figures
from reports.parts import Section
from reports.report import Report

ORDER = 65


def build(report: Report) -> Section | None:
    """Return the distribution of their times, None where all benchmarks are ours."""
    drawn = figures.of_section(report.run, "timings")
    return Section("timings", "Times", drawn) if drawn else None

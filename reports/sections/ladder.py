"""What profiling and tuning found, where their documents were given."""

from reports.companions import ladder, tuning
from reports.parts import Section
from reports.report import Report

ORDER = 45


def build(report: Report) -> Section | None:
    """Return the ceiling ladder and the tuned settings, None where neither was given."""
    parts = [
        *ladder.parts(report.companions.get("profile")),
        *tuning.parts(report.companions.get("tune")),
    ]
    return Section("ladder", "Ladder and tuning", parts) if parts else None

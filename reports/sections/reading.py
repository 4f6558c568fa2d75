"""How to read the page, for somebody who reads such a page for the first time."""

from reports.glossary import READING
from reports.parts import Prose, Section
from reports.report import Report

ORDER = 90
CARRIES = (
    "**What does not carry over.** Times hold for this machine on this day. Ratios between settings of one "
    "run are steadier than the times themselves."
)


def build(report: Report) -> Section:
    """Return the terms that the page uses."""
    terms = [term for term in READING if report.is_ours or not term.is_ours]
    told = [Prose(f"**{term.name}.** {term.meaning}") for term in terms]
    return Section("reading", "How to read this", [*told, Prose(CARRIES)])

"""What the checks found about the machine, worst first; what is fine is folded."""

from diagnostics.findings import Status
from reports.parts import FindingList, Part, Prose, Section
from reports.report import Report
from reports.wording import count

ORDER = 10
QUIET = (Status.OK, Status.NOT_APPLICABLE)
OPEN = (Status.UNKNOWN, Status.CRASHED)


def build(report: Report) -> Section | None:
    """Return the findings, or the command that finds them."""
    if not report.is_ours:
        return None
    if not report.findings:
        text = "This file carries no facts about its machine, so no check could run."
        return Section("findings", "Findings", (Prose(text, ("python -m diagnostics",)),))
    parts: list[Part] = (
        [FindingList(report.problems)] if report.problems else [Prose("Nothing to mend was found.")]
    )
    for statuses, told in ((OPEN, "could not be decided"), (QUIET, "in order or not applicable here")):
        chosen = [finding for finding in report.findings if finding.status in statuses]
        if chosen:
            parts.append(FindingList(chosen, f"{count(len(chosen), 'check')} {told}"))
    return Section("findings", "Findings", parts)

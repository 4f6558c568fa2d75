"""What the sections are given: the subject run, the other results, the findings as they may be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from diagnostics.findings import Finding, Status
from reports import frames
from reports.load import Run
from reports.parts import ShownFinding

if TYPE_CHECKING:
    from reports.summaries import Summary


@dataclass(frozen=True)
class Report:
    """The material of one page.

    Attributes
    ----------
    run : Run
        The subject: the newest result that was given.
    others : sequence of Summary
        Other results of this machine, newest first; none of their figures are mixed in.
    findings : tuple of ShownFinding
        Worst first; empty where the file carries no facts to judge.
    companions : mapping of str to dict
        Documents of other commands (`profile`, `tune`) that were given beside the result.
    notices : tuple of str
        What was left out of the page, and what could not be read.
    """

    run: Run
    title: str
    others: Sequence["Summary"] = ()
    findings: tuple[ShownFinding, ...] = ()
    companions: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether the file was written by torch-checkup's own suite."""
        return frames.is_ours(self.run)

    @property
    def problems(self) -> list[ShownFinding]:
        """The findings that want something mended, worst first."""
        return [finding for finding in self.findings if finding.status in (Status.FAIL, Status.WARN)]


def shown_findings(run: Run) -> tuple[ShownFinding, ...]:
    """Judge the facts that the run was stamped with; what is shown of them is redacted."""
    if not run.facts:
        return ()
    from diagnostics.findings import worst_first
    from diagnostics.judge import judge

    return tuple(_shown(finding, run) for finding in worst_first(judge(run.facts)))


def _shown(finding: Finding, run: Run) -> ShownFinding:
    remedy = finding.remedy
    return ShownFinding(
        anchor=f"finding-{finding.slug}",
        code=finding.code,
        status=str(finding.status),
        title=run.redact(finding.title),
        summary=run.redact(finding.summary),
        evidence=[run.redact(line) for line in finding.evidence],
        remedy=run.redact(remedy.text) if remedy else "",
        commands=[run.redact(command) for command in remedy.commands] if remedy else [],
        confidence=finding.confidence,
    )

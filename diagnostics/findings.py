"""Findings: what a check concluded, with its number, its evidence and its remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Confidence = Literal["certain", "likely", "possible"]


class Status(StrEnum):
    """How a check ended; declared worst first."""

    FAIL = "fail"
    CRASHED = "crashed"
    WARN = "warn"
    UNKNOWN = "unknown"
    OK = "ok"
    NOT_APPLICABLE = "not_applicable"

    @property
    def rank(self) -> int:
        """Position from worst (0) to least."""
        return list(Status).index(self)


@dataclass(frozen=True)
class Remedy:
    """What mends it: a sentence, and lines that can be pasted into a shell or a script."""

    text: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a check returns; `ok`, `warn`, `fail` and `not_applicable` make one."""

    status: Status
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: Remedy | None = None
    confidence: Confidence = "certain"


@dataclass(frozen=True)
class Finding:
    """One diagnosis on one machine.

    Attributes
    ----------
    code, slug, title : str
        Of the check: "MC101", "cpu-quota-ignored", and the bad state in one line.
    status : Status
    summary : str
        What was found here, in one sentence with its number.
    evidence : tuple of str
        What was read, each line with value and origin.
    remedy : Remedy or None
    confidence : {"certain", "likely", "possible"}
    details : mapping of str to JSON values
        Fields of its own: the worker, the sample.

    Raises
    ------
    ValueError
        A `warn` or `fail` without a number in its evidence, or without a command to paste.
    """

    code: str
    slug: str
    status: Status
    title: str
    summary: str
    evidence: tuple[str, ...] = ()
    remedy: Remedy | None = None
    confidence: Confidence = "certain"
    details: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if self.status not in {Status.WARN, Status.FAIL}:
            return
        if not any(character.isdigit() for line in self.evidence for character in line):
            raise ValueError(f"{self.slug}: a finding needs evidence with a number")
        if self.remedy is None or not any(command.strip() for command in self.remedy.commands):
            raise ValueError(f"{self.slug}: a finding needs a remedy with a command to paste")

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as `--json` documents and reports hold it."""
        remedy = self.remedy and {"text": self.remedy.text, "commands": list(self.remedy.commands)}
        return {
            "code": self.code,
            "slug": self.slug,
            "status": str(self.status),
            "title": self.title,
            "summary": self.summary,
            "evidence": list(self.evidence),
            "remedy": remedy,
            "confidence": self.confidence,
            **self.details,
        }


def ok(summary: str, confidence: Confidence = "certain") -> Verdict:
    """All is well; the summary says so with the number."""
    return Verdict(Status.OK, summary, confidence=confidence)


def not_applicable(summary: str) -> Verdict:
    """Nothing to diagnose on this platform; the summary says why."""
    return Verdict(Status.NOT_APPLICABLE, summary)


def warn(
    summary: str, evidence: tuple[str, ...], remedy: Remedy, confidence: Confidence = "certain"
) -> Verdict:
    """It works and could be better."""
    return Verdict(Status.WARN, summary, evidence, remedy, confidence)


def fail(
    summary: str, evidence: tuple[str, ...], remedy: Remedy, confidence: Confidence = "certain"
) -> Verdict:
    """It breaks, or is about to."""
    return Verdict(Status.FAIL, summary, evidence, remedy, confidence)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by status, worst first, then by code."""
    return sorted(findings, key=lambda finding: (finding.status.rank, finding.code))

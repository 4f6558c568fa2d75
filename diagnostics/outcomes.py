"""How a command ends: exit codes, and the error that is the user's to mend."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnostics.findings import Finding

NOTHING_FOUND, FOUND, WRONG_USAGE, OUR_FAULT = 0, 1, 2, 3
INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 plus the signal, as shells have it


class UsageError(Exception):
    """What the user asked for cannot be done; the message is one sentence with what to do."""


def exit_code(findings: Sequence["Finding"], fail_on: str) -> int:
    """Return 3 where a check crashed, 1 where a finding reaches `fail_on`, else 0."""
    statuses = {str(finding.status) for finding in findings}
    counted = {"never": set(), "fail": {"fail"}, "warn": {"fail", "warn"}}[fail_on]
    if "crashed" in statuses:
        return OUR_FAULT
    return FOUND if statuses & counted else NOTHING_FOUND

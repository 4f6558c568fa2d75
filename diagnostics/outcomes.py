"""How a command ends: exit codes, and the error that is the user's to mend."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnostics.findings import Finding

NOTHING_FOUND, FOUND, WRONG_USAGE, OUR_FAULT = 0, 1, 2, 3
INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 plus the signal, as shells have it


class UsageError(Exception):
    """What the user asked for cannot be done; the message is one sentence with what to do."""


def not_installed(program: str, error: ModuleNotFoundError) -> int:
    """Name on stderr the package that is yet to be installed, and return the exit code.

    Raises
    ------
    ModuleNotFoundError
        It is a module of our own that is not there, which is our fault.
    """
    name = error.name or "diagnostics"
    if name.partition(".")[0] in {"bench", "diagnostics", "reports"}:
        raise error
    print(
        f"{program}: {name} is not installed for {sys.executable}; in the folder of torch-checkup, "
        "python -m pip install -e . sees to all that it needs.",
        file=sys.stderr,
    )
    return WRONG_USAGE


def exit_code(findings: Sequence["Finding"], fail_on: str) -> int:
    """Return 3 where a check crashed, 1 where a finding reaches `fail_on`, else 0."""
    statuses = {str(finding.status) for finding in findings}
    counted = {"never": set(), "fail": {"fail"}, "warn": {"fail", "warn"}}[fail_on]
    if "crashed" in statuses:
        return OUR_FAULT
    return FOUND if statuses & counted else NOTHING_FOUND

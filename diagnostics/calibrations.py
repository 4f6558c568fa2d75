"""A machine's own calibration: how often verdicts were right here, quoted by `bench` and `reports`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATH = Path(".calibration.json")
MACHINE_FACTS = ("cpu.model_name", "cpu.usable_cores", "torch.version")
COMPARISON, SUITE = "comparison", "suite"  # what a row counts: single verdicts, or suites with any claim
DESIGNS = ("alternated", "processes", "saved")


def read(path: Path = PATH) -> dict[str, Any] | None:
    """Return the calibration that a file holds, None where it is missing or holds anything else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(document, dict) and document.get("command") == "calibrate"
    return document if is_ours else None


def quote(
    document: Mapping[str, Any] | None, design: str, rule: str, machine: Mapping[str, Any]
) -> str | None:
    """Say in one sentence how often a rule was right on this machine, or None where nobody knows.

    Parameters
    ----------
    document : mapping or None
        As `read` returns it.
    design : {"alternated", "processes", "saved"}
    rule : str
        How the rule's name begins: "ab", "compare, 1 run a side".
    machine : mapping
        Fact keys to values; of `MACHINE_FACTS` all that both know must agree, and one at least.
    """
    try:
        assert document is not None
        if not _is_of(document["machine"], machine):
            return None
        rows = [
            row
            for row in document["rows"]
            if row["design"] == design and row["rule"].startswith(rule) and row["counts"] == COMPARISON
        ]
        false = next(row for row in rows if not row["planted"])
        found = ", ".join(
            f"{row['planted']:.0%} more work was found in {_counted(row)}" for row in rows if row["planted"]
        )
        told = f"identical sides were called different in {_counted(false)} comparisons"
        return f"Calibrated here on {document['date']}: {told}{f'; {found}' if found else ''}"
    except (AssertionError, KeyError, TypeError, AttributeError, StopIteration, ValueError):
        return None


def _is_of(calibrated: Mapping[str, Any], machine: Mapping[str, Any]) -> bool:
    known = [key for key in MACHINE_FACTS if key in calibrated and key in machine]
    return bool(known) and all(calibrated[key] == machine[key] for key in known)


def _counted(row: Mapping[str, Any]) -> str:
    return f"{row['num_claims']:,} of {row['num_comparisons']:,}"

"""The machine's own calibration: kept where one stands, quoted by later verdicts on the same machine."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.gather import gather

PATH = Path(".calibration.json")
MACHINE_FACTS = ("cpu.model_name", "cpu.usable_cores", "torch.version")


def machine() -> dict[str, Any]:
    """Return the facts that a calibration holds for."""
    facts = gather(quick=True).facts
    return {key: facts[key].value for key in MACHINE_FACTS if key in facts}


def parts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the document of a calibration holds beside its command."""
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), "rows": rows}


def quote(design: str, path: Path = PATH) -> str | None:
    """Say in one sentence how often verdicts of a design were right here, or None where nobody knows.

    Parameters
    ----------
    design : {"alternated", "processes"}
    path : Path
        A file that is missing, of another machine or not a calibration gives None.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for row in document["rows"] if row["design"] == design and row["rule"].startswith("ab,")]
        if document["machine"] != machine() or not rows:
            return None
        told = [
            f"{row['planted']:.0%} more work was found in {row['num_claims']} of {row['num_comparisons']}"
            for row in rows
            if row["planted"]
        ]
        false = next(row for row in rows if not row["planted"])
        claims = f"{false['num_claims']} of {false['num_comparisons']}"
        return (
            f"Calibrated here on {document['date']}: identical sides were called different in {claims} "
            f"comparisons; {', '.join(told)}"
        )
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None

"""A comparison as data: the JSON document and CSV."""

import csv
import io
import json
from math import isfinite
from typing import Any

from reports.comparison.result import Against, Result, Row, is_bounded
from reports.comparison.shown import KINDS
from reports.tidy import inert

COLUMNS = (
    "verdict",
    "name",
    "a",
    "b",
    "ratio",
    "ratio_low",
    "ratio_high",
    "a_seconds",
    "b_seconds",
    "reason",
)


def document(result: Result) -> dict[str, Any]:
    """Return the JSON document; every number in it is finite, null where nothing bounds a ratio."""
    return {
        "schema": 1,
        "command": "compare",
        "findings": [],
        "sides": [
            {
                "name": side.name,
                "letter": side.letter,
                "machine": side.machine,
                "runs": [{"label": given.label, "started": given.started or None} for given in side.members],
            }
            for side in result.sides
        ],
        "comparisons": [_comparison(against, row) for against in result.against for row in against.rows],
        "missing": [
            {
                "name": one.name,
                "a": against.a.name,
                "b": against.b.name,
                "kind": one.kind,
                "reason": one.reason,
            }
            for against in result.against
            for one in against.missing
        ],
        "facts": [
            {"key": fact.key, "a": against.a.name, "b": against.b.name, "a_value": fact.a, "b_value": fact.b}
            for against in result.against
            for fact in against.facts
        ],
        "notes": list(result.notes),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _comparison(against: Against, row: Row) -> dict[str, Any]:
    one = row.comparison
    bounded = is_bounded(one)
    return {
        "name": one.name,
        "a": against.a.name,
        "b": against.b.name,
        "ratio": _finite(one.ratio),
        "ratio_low": one.low if bounded else None,
        "ratio_high": one.high if bounded else None,
        "verdict": str(one.verdict),
        "reason": row.reason,
        "a_seconds": _finite(row.a_seconds),
        "b_seconds": _finite(row.b_seconds),
        "a_runs": len(against.a.members),
        "b_runs": len(against.b.members),
        "p_value": _finite(one.p_value),
        "adjusted_ratio": _finite(one.adjusted_ratio),
    }


def json_text(result: Result) -> str:
    """Return the document as strict JSON."""
    return json.dumps(document(result), indent=2, allow_nan=False) + "\n"


def csv_text(result: Result) -> str:
    """Return one line a configuration, those that were not compared included; no cell is a formula."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    data = document(result)
    left = [{**one, "verdict": KINDS[one["kind"]].lower()} for one in data["missing"]]
    for line in [*data["comparisons"], *left]:
        writer.writerow({key: inert(value) for key, value in line.items()})
    return written.getvalue()

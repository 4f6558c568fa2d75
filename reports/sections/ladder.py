"""What profiling and tuning found, where their documents were given beside the result."""

import math
from collections.abc import Iterator
from typing import Any

from reports import figures
from reports.parts import Part, Prose, Section, Table, cell, number_cell, rows
from reports.report import Report
from reports.values import as_number, entries, mapping
from reports.wording import number, shorten

ORDER = 45
NO_BOUND = "none"
RATES = ("samples_per_second", "low", "high")


def build(report: Report) -> Section | None:
    """Return the ceiling ladder and the tuned settings, None where neither was given."""
    drawn = figures.of_section(report.run, "ladder")
    parts = [*drawn, *_profile(report.companions.get("profile")), *_tune(report.companions.get("tune"))]
    return Section("ladder", "Ladder and tuning", parts) if parts else None


def _profile(document: dict[str, Any] | None) -> Iterator[Part]:
    if document is None:
        return
    bound = shorten(str(document.get("bound") or "unknown"))
    yield Prose("Nothing bounds the loader." if bound == NO_BOUND else f"The loader is bound by **{bound}**.")
    lines = rows(
        [cell(rung.get("name")), *(number_cell(as_number(rung.get(key))) for key in RATES)]
        for rung in entries(document.get("rungs"))
    )
    yield Table("The ladder: what each rung alone would allow", ("rung", "samples/s", "low", "high"), lines)


def _tune(document: dict[str, Any] | None) -> Iterator[Part]:
    if document is None:
        return
    rate, (low, high) = as_number(document.get("samples_per_second")), _pair(document.get("interval"))
    span = f" (95 % interval {number(low)} to {number(high)})" if math.isfinite(low + high) else ""
    recommended = _call(mapping(document.get("recommended")))
    yield Prose(f"Recommended, at {number(rate)} samples/s{span}:", (recommended,))
    lines = rows(
        [
            cell(_call(mapping(trial.get("arguments")))),
            *(number_cell(as_number(trial.get(key))) for key in ("samples_per_second", "seconds")),
        ]
        for trial in entries(document.get("trials"))
    )
    yield Table("Every trial", ("arguments", "samples/s", "seconds"), lines, is_folded=True)


def _pair(value: Any) -> tuple[float, float]:
    is_pair = isinstance(value, list) and len(value) == 2
    return (as_number(value[0]), as_number(value[1])) if is_pair else (math.nan, math.nan)


def _call(arguments: dict[str, Any]) -> str:
    return shorten("DataLoader(dataset, " + ", ".join(f"{k}={v!r}" for k, v in arguments.items()) + ")", 400)

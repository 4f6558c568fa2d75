import copy
import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.calibrations import quote, read

MACHINE = {"cpu.model_name": "A CPU", "cpu.usable_cores": 2, "torch.version": "2.13.0"}


def row(design: str, rule: str, planted: float, claims: int, counts: str = "comparison") -> dict[str, Any]:
    counted = {"num_claims": claims, "num_comparisons": 20, "half_width": 0.02, "seconds": 4.0}
    return {"design": design, "rule": rule, "counts": counts, "planted": planted, **counted}


DOCUMENT = {
    "command": "calibrate",
    "date": "2026-03-01",
    "machine": MACHINE,
    "rows": [
        row("alternated", "ab, suites of 10", 0.0, 7, "suite"),
        row("alternated", "ab, alternated in processes", 0.0, 1),
        row("alternated", "ab, alternated in processes", 0.05, 17),
        row("alternated", "t-test over rounds", 0.0, 9),
        row("saved", "compare, 1 run a side", 0.0, 0),
        row("saved", "compare, 3 runs a side", 0.0, 2),
    ],
}


def test_the_machines_own_rates_are_quoted_with_their_date() -> None:
    assert quote(DOCUMENT, "alternated", "ab", MACHINE) == (
        "Calibrated here on 2026-03-01: identical sides were called different in 1 of 20 comparisons; "
        "5% more work was found in 17 of 20"
    )
    assert "in 2 of 20" in str(quote(DOCUMENT, "saved", "compare, 3 runs a side", MACHINE))


def test_a_design_that_was_not_calibrated_is_not_quoted() -> None:
    assert quote(DOCUMENT, "processes", "ab", MACHINE) is None


@pytest.mark.parametrize("other", [{**MACHINE, "cpu.usable_cores": 3}, {}, {"cpu.steal_fraction": 0.1}])
def test_another_machines_calibration_is_not_quoted(other: dict[str, Any]) -> None:
    assert quote(DOCUMENT, "alternated", "ab", other) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"rows": [1]}', '{"command": "ab"}', "\xff"])
def test_a_file_that_is_no_calibration_is_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_bytes(text.encode("latin-1"))
    assert read(path) is None
    assert read(tmp_path / "missing.json") is None
    assert read(tmp_path) is None


@pytest.mark.parametrize("key", ["date", "machine", "rows"])
@pytest.mark.parametrize("value", [None, [1], 3, "x"])
def test_an_edited_calibration_is_passed_over_or_quoted_but_never_an_error(key: str, value: Any) -> None:
    document = copy.deepcopy(DOCUMENT) | {key: value}
    told = quote(document, "alternated", "ab", MACHINE)
    assert told is None or key == "date"


def test_a_calibration_survives_the_way_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    assert read(path) == DOCUMENT

import json
from pathlib import Path

import pytest

from bench.calibration import Row
from bench.calibration_file import machine, parts, quote

ROWS = [
    Row("alternated", "ab, 10 fresh processes", 0.0, 1, 20, 0.02, 3.0).as_dict(),
    Row("alternated", "ab, 10 fresh processes", 0.05, 17, 20, 0.02, 3.0).as_dict(),
    Row("alternated", "t-test over rounds", 0.0, 9, 20, None, 3.0).as_dict(),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(parts(ROWS)), encoding="utf-8")
    return path


def test_the_machines_own_rates_are_quoted_with_their_date(file: Path) -> None:
    told = quote("alternated", file)
    assert told is not None
    assert "called different in 1 of 20 comparisons; 5% more work was found in 17 of 20" in told
    assert parts([])["date"] in told


def test_a_design_that_was_not_calibrated_is_not_quoted(file: Path) -> None:
    assert quote("processes", file) is None


def test_another_machines_calibration_is_not_quoted(file: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    document["machine"]["cpu.usable_cores"] = machine()["cpu.usable_cores"] + 1
    file.write_text(json.dumps(document), encoding="utf-8")
    assert quote("alternated", file) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"rows": [1]}', '{"rows": [], "machine": {}}'])
def test_a_file_that_is_no_calibration_is_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(text, encoding="utf-8")
    assert quote("alternated", path) is None
    assert quote("alternated", tmp_path / "missing.json") is None

"""Files of pyperf, hyperfine and other versions of pytest-benchmark."""

from pathlib import Path
from typing import Any

import pytest

from tests.reports.comparison import runs

HARDWARE = {"cpu_model_name": "A CPU", "cpu_count": 2, "hostname": "glados-7"}
SOFTWARE = {"platform": "Linux-6.1-x86_64", "python_version": "3.11.7 (64-bit)"}


def pyperf(factor: float = 1.0, day: int = 1) -> dict[str, Any]:
    """Return what `pyperf timeit -o` writes: a calibration, then processes of three values each."""
    calibration = {
        "metadata": {"date": f"2026-03-0{day} 10:00:00", "calibrate_loops": 64},
        "warmups": [[1, 4e-6]],
    }
    processes = [
        {
            "metadata": {"date": f"2026-03-0{day} 10:00:0{i}"},
            "values": [factor * 1e-6 * k for k in (1, 1.01, 0.99)],
        }
        for i in range(1, 5)
    ]
    metadata = HARDWARE | SOFTWARE | {"name": "list sum", "unit": "second", "loops": 64}
    return {"version": "1.0", "metadata": metadata, "benchmarks": [{"runs": [calibration, *processes]}]}


def hyperfine(factor: float = 1.0) -> dict[str, Any]:
    """Return what `hyperfine --export-json` writes."""
    times = [factor * 0.5 * k for k in (1, 1.02, 0.98)]
    result = {"command": "python a.py | tail", "mean": sum(times) / 3, "median": times[0], "min": times[2],
              "max": times[1], "times": times, "exit_codes": [0, 0, 0], "parameters": {"n": "4"}}  # fmt: skip
    return {"results": [result]}


def old(version: str, number: int, *, with_data: bool) -> dict[str, Any]:
    document = runs.plain(number, with_data=with_data) | {"version": version}
    if version.startswith("3"):
        document["machine_info"].pop("python_version")
    return document


@pytest.mark.parametrize("version", ["3.0.0", "3.4.1", "4.0.0", "5.0.0", "5.3.1"])
@pytest.mark.parametrize("with_data", [True, False])
def test_pytest_benchmark_files_of_any_version_give_one_value_a_run(
    version: str, with_data: bool, tmp_path: Path
) -> None:
    made = [old(version, number, with_data=with_data) for number in range(6)]
    found = runs.against(tmp_path, made[::2], [runs.scaled(document, 1.3) for document in made[1::2]])
    assert {row.comparison.name: str(row.comparison.verdict) for row in found.rows} == {
        "test_parse": "slower",
        "test_render": "slower",
    }
    assert all(row.comparison.ratio == pytest.approx(1.3, rel=0.02) for row in found.rows)


def test_files_of_different_versions_meet_in_one_comparison(tmp_path: Path) -> None:
    found = runs.against(tmp_path, [old("3.4.1", 0, with_data=True)], [old("5.3.1", 1, with_data=False)])
    assert len(found.rows) == 2
    assert found.missing == ()


def test_the_data_serve_where_the_median_is_missing(tmp_path: Path) -> None:
    document = runs.plain(1, with_data=True)
    for entry in document["benchmarks"]:
        del entry["stats"]["median"]
    found = runs.against(tmp_path, [runs.plain()], [document])
    assert all(row.comparison.ratio == pytest.approx(1.0, rel=0.02) for row in found.rows)
    assert len(found.rows) == 2


def test_pyperf_processes_are_the_passes_of_a_run(tmp_path: Path) -> None:
    found = runs.against(tmp_path, [pyperf()], [pyperf(1.3, day=2)])
    (row,) = found.rows
    assert row.comparison.name == "list sum"
    assert row.comparison.ratio == pytest.approx(1.3)
    assert row.a_seconds == pytest.approx(1e-6)
    assert "rounds of one process" not in row.reason
    (given,) = found.a.members
    assert len(given.run.benchmarks[0]["extra_info"]["passes"]) == 4
    assert given.started == "2026-03-01 10:00:00"
    assert found.facts == ()


def test_pyperf_machines_are_told_apart_and_their_host_is_hidden(tmp_path: Path) -> None:
    other = pyperf()
    other["metadata"]["cpu_model_name"] = "The CPU of glados-7"
    found = runs.against(tmp_path, [pyperf()], [other])
    assert [(f.key, f.a, f.b) for f in found.facts] == [("cpu.model_name", "A CPU", "The CPU of (hidden)")]


def test_hyperfine_gives_its_median_as_one_value(tmp_path: Path) -> None:
    found = runs.against(tmp_path, [hyperfine()], [hyperfine(1.3)])
    (row,) = found.rows
    assert row.comparison.name == "python a.py | tail"
    assert row.a_seconds == pytest.approx(0.5)
    assert row.comparison.ratio == pytest.approx(1.3)
    assert str(row.comparison.verdict) == "unsure"
    assert "rounds of one process" in row.reason


def test_hyperfine_parameters_that_differ_are_refused(tmp_path: Path) -> None:
    other = hyperfine()
    other["results"][0]["parameters"]["n"] = "8"
    (one,) = runs.against(tmp_path, [hyperfine()], [other]).missing
    assert one.reason == "not the same on both sides: parameter n 4 against 8"

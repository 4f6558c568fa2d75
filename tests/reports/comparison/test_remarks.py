"""Noise and the machine's own calibration, in whatever form a comparison is asked for."""

import json
from pathlib import Path

import pytest

from reports.__main__ import main
from tests.reports.comparison import runs

COUNTED = {
    "design": "saved",
    "counts": "comparison",
    "num_comparisons": 600,
    "half_width": 0.5,
    "seconds": 80.0,
}
CALIBRATION = {
    "command": "calibrate",
    "date": "2026-03-01",
    "machine": {"cpu.model_name": "A CPU", "cpu.usable_cores": 2, "torch.version": "2.13.0"},
    "rows": [
        {**COUNTED, "rule": "compare, 1 run a side", "planted": 0.0, "num_claims": 1},
        {**COUNTED, "rule": "compare, 3 runs in turns", "planted": 0.0, "num_claims": 3},
        {**COUNTED, "rule": "compare, 3 runs in turns, times scaled", "planted": 0.2, "num_claims": 400},
        {**COUNTED, "rule": "compare, 3 runs a side", "planted": 0.0, "num_claims": 2},
    ],
}


@pytest.fixture
def _calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".calibration.json").write_text(json.dumps(CALIBRATION), encoding="utf-8")


@pytest.mark.parametrize("form", ["table", "md", "csv", "json", "page"])
def test_every_form_says_what_noise_hides_and_how_many_runs_would_settle_it(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = runs.write_all(tmp_path, "x", [runs.ours(), runs.ours(1)])
    page = tmp_path / "page.html"
    asked = ["-o", str(page)] if form == "page" else ["--format", form]
    assert main(["compare", str(one), str(other), *asked]) == 0
    captured = capsys.readouterr()
    told = page.read_text(encoding="utf-8") if form == "page" else captured.out + captured.err
    assert "only differences of about a factor of" in told
    assert "runs a side, the sides in turns, would settle 10 %" in told
    assert "would settle 5 %" in told


@pytest.mark.usefixtures("_calibrated")
@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ((0,), (1,), "different in 1 of 600 comparisons."),
        ((0, 1, 2), (3, 4, 5), "different in 2 of 600 comparisons."),
        ((0, 2, 4), (1, 3, 5), "different in 3 of 600 comparisons; 20% more work was found in 400 of 600."),
    ],
)
def test_a_verdict_quotes_this_machines_calibration_of_the_same_design(
    a: tuple[int, ...], b: tuple[int, ...], told: str, tmp_path: Path
) -> None:
    found = runs.compared(tmp_path, [runs.ours(i) for i in a], [runs.ours(i) for i in b])
    assert found.notes[-1].startswith("Calibrated here on 2026-03-01")
    assert found.notes[-1].endswith(told)


@pytest.mark.usefixtures("_calibrated")
@pytest.mark.parametrize("facts", [{"cpu__model_name": "B CPU"}, {"torch__version": "2.6.0"}])
def test_a_calibration_of_another_machine_is_not_quoted(facts: dict[str, str], tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [runs.ours()], [runs.ours(1, **facts)])
    assert not any("Calibrated" in note for note in found.notes)


def test_calm_runs_are_not_called_noisy(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, *runs.three(runs.ours))
    assert not any("Too noisy" in note for note in found.notes)

"""The command as a user runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from reports.__main__ import main
from tests.reports import results
from tests.reports.comparison import runs

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def sides(tmp_path: Path) -> list[str]:
    """Return the arguments of three runs against three that take 1.3 times as long."""
    a, b = runs.three(runs.ours)
    slower = [runs.scaled(document, 1.3) for document in b]
    names = [[str(path) for path in runs.write_all(tmp_path, *side)] for side in (("a", a), ("b", slower))]
    return [*names[0], "--against", *names[1]]


def test_gate_crossed_is_exit_code_1_and_one_line_without_a_traceback(sides: list[str]) -> None:
    command = [sys.executable, "-m", "reports", "compare", *sides, "--fail-on", "slower:5%"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("5 of 5 configurations are slower by more than 5 %: bench_")
    assert done.stdout.rstrip().endswith("5 slower, 0 faster, 0 unsure, 0 same")


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("slower:5%", 1),
        ("slower:2.5%", 1),
        ("slower:0.05", 1),
        ("slower", 1),
        ("slower:50%", 0),
        ("slower:0.5", 0),
    ],
)
def test_exit_code_follows_the_gate(
    gate: str, code: int, sides: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *sides, "--fail-on", gate]) == code
    assert capsys.readouterr().err.count("\n") == code


def test_identical_runs_do_not_cross_the_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = runs.write_all(tmp_path, "x", [runs.ours(), runs.ours()])
    assert main(["compare", str(one), str(other), "--fail-on", "slower"]) == 0
    assert capsys.readouterr().err == ""


def test_a_gate_with_nothing_to_judge_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = runs.write_all(tmp_path, "x", [runs.ours(), runs.plain(1)])
    assert main(["compare", str(one), str(other), "--fail-on", "slower"]) == 0
    assert capsys.readouterr().err == "The gate had nothing to judge: no configuration was compared.\n"


@pytest.mark.parametrize("gate", ["5", "slower:5", "median:5%"])
def test_malformed_gate_is_one_sentence_and_exit_code_2(
    gate: str, sides: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *sides, "--fail-on", gate]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "slower:5%" in captured.err


@pytest.mark.parametrize(
    ("form", "start"), [("table", "A: 3 runs"), ("md", "### "), ("csv", "verdict,name,"), ("json", "{\n")]
)
def test_stdout_gets_the_format_that_was_asked_for(
    form: str, start: str, sides: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *sides, "--format", form]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(start)
    assert captured.err == ""


def test_csv_leaves_what_differs_between_the_machines_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = runs.write_all(tmp_path, "x", [runs.ours(), runs.ours(1, torch__version="2.6.0")])
    assert main(["compare", str(one), str(other), "--format", "csv"]) == 0
    told, noise = capsys.readouterr().err.splitlines()
    assert told == "torch.version: 2.13.0 on x0.json, 2.6.0 on x1.json"
    assert "Too noisy, or too few runs, for 5 of 5 comparisons" in noise


def test_json_goes_to_a_file_or_alone_to_stdout(
    sides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "c.json"
    assert main(["compare", *sides, "--json", str(target)]) == 0
    assert capsys.readouterr().out.startswith("A: 3 runs")
    written = target.read_text(encoding="utf-8")
    assert runs.strict(written)["command"] == "compare"
    assert main(["compare", *sides, "--json", "-"]) == 0
    assert capsys.readouterr().out == written


def test_page_is_written_and_the_table_still_printed(
    sides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "compare.html"
    assert main(["compare", *sides, "-o", str(target), "--title", "Before <and> after"]) == 0
    assert "<h1>Before &lt;and&gt; after</h1>" in target.read_text(encoding="utf-8")
    assert "5 slower" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["-o", "--json"])
def test_a_result_is_never_overwritten(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = runs.write_all(tmp_path, "x", [runs.ours(), runs.ours(1)])
    before = one.read_bytes()
    assert main(["compare", str(one), str(other), option, str(one)]) == 2
    assert "would be lost" in capsys.readouterr().err
    assert one.read_bytes() == before


def test_wrong_usage_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = str(results.write(tmp_path / "x.json", runs.ours()))
    (tmp_path / "empty").mkdir()
    for arguments in (
        [one],
        [one, str(tmp_path / "no.json")],
        [one, str(tmp_path / "empty")],
        [one, "no*.json"],
    ):
        assert main(["compare", *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1


def test_each_of_several_sides_is_compared_with_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = runs.write_all(tmp_path, "x", [runs.ours(i, torch__version=f"2.{6 + i}") for i in range(3)])
    assert main(["compare", *map(str, paths), "--format", "json"]) == 0
    data = runs.strict(capsys.readouterr().out)
    assert {(one["a"], one["b"]) for one in data["comparisons"]} == {
        ("x0.json", "x1.json"),
        ("x0.json", "x2.json"),
    }
    assert len(data["comparisons"]) == 10
    assert [(f["key"], f["b_value"]) for f in data["facts"]] == [
        ("torch.version", "2.7"),
        ("torch.version", "2.8"),
    ]

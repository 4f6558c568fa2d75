"""The first screen as Markdown, in a terminal, as JSON and CSV, and as files by their suffix."""

import csv
import io
import json
from pathlib import Path

import pytest

from reports import pages, twins
from reports.__main__ import main
from reports.load import Run
from tests.reports import results


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return results.write(tmp_path / "small.json", results.small())


def test_twins_tell_what_the_first_screen_tells(our_run: Run) -> None:
    page = pages.built([our_run])
    for text in (twins.terminal_text(page), twins.markdown_text(page), twins.json_text(page)):
        for told in (page.head.verdict, "2 workers", "18 %", "best decay", "from 30"):
            assert told in text


def test_markdown_is_a_heading_a_verdict_and_a_table(our_run: Run) -> None:
    lines = twins.markdown_text(pages.built([our_run])).splitlines()
    assert lines[0] == "### Check-up of this machine"
    rows = [line for line in lines if line.startswith("|")]
    assert len({line.count(" | ") for line in rows if "---" not in line}) == 1
    assert any("**2 workers**" in row for row in rows)


def test_json_is_a_document_with_findings_and_answers(our_run: Run) -> None:
    document = json.loads(twins.json_text(pages.built([our_run])))
    assert (document["schema"], document["command"]) == (1, "build")
    assert {finding["slug"] for finding in document["findings"]} >= {"cpu-steal"}
    assert document["answers"][0]["value"] == "2 workers"


def test_data_hold_one_line_a_configuration_and_pass(our_run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(pages.built([our_run]).csv())))
    assert len(rows) == 3 * len(our_run.benchmarks)
    image = next(row for row in rows if row["name"] == "bench_loader_throughput[image-cpu-fork-2]")
    assert (image["num_workers"], image["pass"], image["unit"]) == ("2.0", "0", "sample")
    assert float(image["seconds"]) == pytest.approx(1 / 390)


def test_data_of_another_suite_hold_one_line_a_benchmark(plain_run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(pages.built([plain_run]).csv())))
    assert [(row["name"], float(row["median"])) for row in rows] == [
        ("test_parse", 0.012),
        ("test_render", 3e-6),
    ]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.html", "<!doctype html>"),
        ("r.md", "### Check-up"),
        ("r.txt", "Check-up"),
        ("r.csv", "name,"),
        ("r.json", "{"),
    ],
)
def test_suffix_of_the_output_chooses_its_form(
    name: str, start: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = small.parent / name
    assert main(["build", str(small), "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").startswith(start)
    assert capsys.readouterr().out.startswith(str(target.resolve()))


@pytest.mark.parametrize("kind", ["terminal", "md", "csv", "json"])
def test_format_prints_and_writes_no_page(
    kind: str, small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.parent)
    assert main(["build", str(small), "--format", kind]) == 0
    captured = capsys.readouterr()
    assert "18" in captured.out
    assert captured.err == ""
    assert "\x1b" not in captured.out
    assert [path.name for path in small.parent.iterdir()] == ["small.json"]


def test_skipped_files_are_named_on_stderr_and_on_the_page(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = small.with_name("cut.json")
    bad.write_text('{"benchm')
    target = small.with_name("r.md")
    assert main(["build", str(small), str(bad), "-o", str(target)]) == 2
    assert not target.exists()
    assert "`--keep-going`" in capsys.readouterr().err
    assert main(["build", str(small), str(bad), "-o", str(target), "--keep-going"]) == 0
    assert capsys.readouterr().err.startswith(f"Skipped: {bad} breaks off")
    assert "Skipped: cut.json breaks off" in target.read_text(encoding="utf-8")


def test_json_is_written_beside_the_page_or_alone_to_stdout(
    small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.parent)
    assert main(["build", str(small), "-o", "r.md", "--json", "r.json"]) == 0
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["command"] == "build"
    assert Path("r.md").exists()
    capsys.readouterr()
    assert main(["build", str(small), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["command"] == "build"
    assert not Path("report.html").exists()

"""The command as a user runs it."""

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reports.__main__ import main
from tests.reports import results

ROOT = Path(__file__).resolve().parents[2]


def reports(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reports", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )


def test_build_writes_the_page_and_prints_where_and_the_three_answers(tmp_path: Path) -> None:
    results.write(tmp_path / "0001.json", results.ours())
    done = reports("build", tmp_path, "-o", tmp_path / "report.html")
    assert (done.returncode, done.stderr) == (0, "")
    where, workers, layers, decay = done.stdout.splitlines()
    assert where == str((tmp_path / "report.html").resolve())
    assert "image, photographs decoded on the CPU: 2 workers" in workers
    assert "batch norm: 18 %" in layers
    assert "best decay: 3" in decay
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001.json", "report.html"]


@pytest.mark.parametrize("content", [b"", b'{"benchm', b"\xff\xfe\x00\x01\x02", b"[]"])
def test_bad_result_is_one_sentence_and_exit_code_2(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    done = reports("build", path, "-o", tmp_path / "report.html")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_place_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = results.write(tmp_path / "r.json", results.plain())
    assert main(["build", str(result), "-o", str(tmp_path / "missing" / "report.html")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "missing" in captured.err


def test_name_with_line_breaks_stays_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(tmp_path / "a\nb.json"), "-o", str(tmp_path / "report.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_file_of_another_suite_prints_what_it_is_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = results.write(tmp_path / "r.json", results.plain())
    assert main(["build", str(result), "-o", str(tmp_path / "report.html")]) == 0
    assert "test_parse is the slowest of 2 benchmarks" in capsys.readouterr().out


def test_title_and_private_words_follow_the_options(tmp_path: Path) -> None:
    document = results.small()
    document["machine_info"]["facts"] |= {"host.name": {"value": "glados-7", "unit": "", "source": ""}}
    result, target = results.write(tmp_path / "r.json", document), tmp_path / "report.html"
    assert main(["build", str(result), "-o", str(target), "--title", "Rack <4>"]) == 0
    text = target.read_text(encoding="utf-8")
    assert "<h1>Rack &lt;4&gt;</h1>" in text
    assert "glados-7" not in text
    assert main(["build", str(result), "-o", str(target), "--include-private"]) == 0
    assert "glados-7" in target.read_text(encoding="utf-8")


def test_help_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys, reports.__main__ as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'pandas', 'matplotlib', 'seaborn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_module_of_the_room_imports_torch_or_the_bench() -> None:
    for path in (ROOT / "reports").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for line in source.splitlines():
            assert not line.strip().startswith(
                ("import torch", "from torch", "import bench", "from bench")
            ), path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert main(["build", str(tmp_path / "pipe.json"), "-o", str(tmp_path / "report.html")]) == 2
    assert "pipe.json is empty" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_result_comes_through_a_pipe(tmp_path: Path) -> None:
    result = results.write(tmp_path / "small.json", results.small())
    os.mkfifo(tmp_path / "pipe.json")
    writer = threading.Thread(
        target=lambda: (tmp_path / "pipe.json").write_bytes(result.read_bytes()), daemon=True
    )
    reading_end = os.open(tmp_path / "pipe.json", os.O_RDONLY | os.O_NONBLOCK)  # lets the writer begin
    writer.start()
    try:
        while not select.select([reading_end], [], [], 0.1)[0]:
            pass
        assert main(["build", str(tmp_path / "pipe.json"), "-o", str(tmp_path / "report.html")]) == 0
    finally:
        os.close(reading_end)

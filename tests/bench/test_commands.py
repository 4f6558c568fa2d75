import json
import os
import runpy
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from math import inf, nan
from pathlib import Path

import pytest

import bench
from bench.__main__ import main
from bench.commands import STDOUT, stdout_left_to, write_json
from bench.host import environment


def test_a_document_holds_null_for_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_json(path, "population", {"speeds": [{"ratio": inf, "bounds": (nan, 1.0)}]})
    assert json.loads(path.read_text(encoding="utf-8"))["speeds"] == [{"ratio": None, "bounds": [None, 1.0]}]


def test_a_document_on_stdout_is_all_that_stands_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "__stdout__", sys.stdout)
    with stdout_left_to(STDOUT):
        print("a table")
        write_json(STDOUT, "ceilings", {})
    printed = capsys.readouterr()
    assert json.loads(printed.out)["command"] == "ceilings"
    assert printed.err == "a table\n"


@pytest.mark.skipif(os.name != "posix", reason="a shell")
def test_a_document_for_a_stdout_that_is_closed_goes_nowhere(tmp_path: Path) -> None:
    code = (
        "import sys; from bench.commands import *; from diagnostics.ending import ended\n"
        "def command():\n"
        "    with stdout_left_to(STDOUT):\n"
        "        write_json(STDOUT, 'ceilings', {})\n"
        "    return 0\n"
        "sys.exit(ended('it', command))"
    )
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" >&-', sys.executable, code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_commands_are_imported_in_any_thread_and_leave_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    with ThreadPoolExecutor(max_workers=1) as pool:
        imported = pool.submit(runpy.run_path, str(Path(bench.__file__).with_name("__main__.py"))).result()
    assert "main" in imported
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["probe", "--json", "{here}/missing/out.json"], "--json {here}/missing/out.json cannot be written"),
        (["ab", "bench_dropout_step", "-o", "{here}"], "--output {here} cannot be written"),
        (["probe", "--workloads", "tiny", "huge"], "'huge': expected FILE.py:NAME, or one of image, tiny"),
        (["probe", "--workloads", "missing.py:make"], "missing.py: there is no such file"),
        (["ab", "bench_dropout_step", "--python-b", "{here}"], "{here}: expected a Python interpreter"),
        (["ab", "bench_dropout_step", "--rev-a=--help"], "there is no revision '--help' here"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_measured(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [argument.format(here=tmp_path) for argument in arguments]
    assert main(filled) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"python -m bench {arguments[0]}: {said.format(here=tmp_path)}")
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""

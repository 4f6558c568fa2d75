import io
import json
import os
import sys

import pytest

from diagnostics.__main__ import main
from diagnostics.lint.ruleset import find_rules

RIGHT = "import torch\n"
WARNS = "from torch.utils.data import DataLoader\nfor b in DataLoader(d, num_workers=2):\n    print(b)\n"
FAILS = "from torch.utils.data import DataLoader\nloader = DataLoader(d, timeout=3)\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "train.py").write_text(WARNS)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "fails.py").write_text(FAILS)
    for skipped in (".git", "venv", "__pycache__", "site-packages", "node_modules", "mine"):
        (tmp_path / skipped).mkdir()
        (tmp_path / skipped / "a.py").write_text(FAILS)
    (tmp_path / "mine" / "pyvenv.cfg").write_text("")
    return tmp_path


def test_nothing_found_is_said_with_the_counts_and_0(folder, capsys):
    (folder / "right.py").write_text(RIGHT)
    assert main(["lint", "right.py"]) == 0
    assert capsys.readouterr().out == "Nothing found in 1 file (1 line).\n"


@pytest.mark.parametrize(
    ("path", "fail_on", "code"),
    [
        ("train.py", "warn", 1), ("train.py", "fail", 0), ("train.py", "never", 0),
        ("pkg", "warn", 1), ("pkg", "fail", 1), ("pkg", "never", 0),
    ],
)  # fmt: skip
def test_the_exit_code_follows_fail_on(folder, path, fail_on, code):
    assert main(["lint", path, "--fail-on", fail_on]) == code


def test_findings_are_grouped_by_file_with_line_source_reason_and_code(folder, capsys):
    assert main(["lint", "."]) == 1
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "train.py"
    assert "LN101" in lines[1]
    assert lines[2].strip() == "> for b in DataLoader(d, num_workers=2):"
    assert "pkg/fails.py" in lines
    assert '            if __name__ == "__main__":' in lines
    assert lines[-1].startswith("Found: 2 (1 fail, 1 warn) in 2 of 2 files (5 lines).")


def test_json_names_the_place_of_each_finding(folder, capsys):
    assert main(["lint", "pkg", "--json", "-"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["command"], document["files"], document["lines"]) == (
        1,
        "lint",
        1,
        2,
    )
    (finding,) = document["findings"]
    assert (finding["code"], finding["slug"]) == ("LN109", "timeout-with-zero-workers")
    assert finding["location"] == {"path": "pkg/fails.py", "line": 2, "column": 10, "end_line": 2}
    assert finding["evidence"] == ["pkg/fails.py:2: loader = DataLoader(d, timeout=3)"]


def test_sarif_goes_to_a_file_beside_the_text(folder, capsys):
    assert main(["lint", "train.py", "--sarif", "out.sarif"]) == 1
    assert "LN101" in capsys.readouterr().out
    assert json.loads((folder / "out.sarif").read_text())["version"] == "2.1.0"


def test_stdin_is_read_for_a_dash(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FAILS.encode())))
    assert main(["lint", "-", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["location"]["path"] == "<stdin>"


@pytest.mark.parametrize(
    "arguments",
    [["nowhere.py"], ["train.py", "nowhere.py"], ["train.py", "--sarif", "no/where"],
     ["train.py", "--json", "-", "--sarif", "-"]],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence_and_2(folder, capsys, arguments):
    assert main(["lint", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_a_file_named_twice_is_read_once(folder, capsys):
    main(["lint", "train.py", ".", "./train.py", "--json", "-"])
    assert json.loads(capsys.readouterr().out)["files"] == 2


def test_a_file_is_read_whatever_its_folder_and_name(folder, capsys):
    (folder / "script").write_text(FAILS)
    assert main(["lint", "venv/a.py", "script", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["files"] == 2


def test_a_rule_that_crashes_gives_3_and_leaves_the_others(folder, capsys, monkeypatch):
    from diagnostics.lint import linting

    def explode(script):
        raise ZeroDivisionError("boom")
        yield

    broken = find_rules()[1].__class__(**{**vars(find_rules()[1]), "find": explode})
    monkeypatch.setattr(linting, "find_rules", lambda: (broken, *find_rules()[2:]))
    assert main(["lint", "pkg", "--fail-on", "never"]) == 3
    out = capsys.readouterr().out
    assert "ZeroDivisionError: boom" in out
    assert "LN109" in out


def test_escape_sequences_in_a_source_do_not_reach_the_terminal(folder, capsys):
    (folder / "evil.py").write_text(FAILS.replace("d,", "'\x1b[31m\x07',"))
    main(["lint", "evil.py"])
    assert "\x1b" not in capsys.readouterr().out


def test_the_rules_are_listed_and_explained(capsys):
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    for rule in find_rules():
        assert rule.code in listed
        assert main(["explain", rule.code.lower()]) == 0
        assert rule.page in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no named pipes")
def test_links_in_a_circle_and_pipes_below_a_folder_are_passed_by(folder, capsys):
    (folder / "pkg" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "pkg" / "dangling.py").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pkg" / "pipe.py")
    (folder / "pkg" / "folder.py").mkdir()
    assert main(["lint", "pkg", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["files"] == 1


def test_a_file_of_a_folder_that_cannot_be_opened_is_a_finding_and_stops_nothing(folder, capsys, monkeypatch):
    from diagnostics.lint import files

    def refuse(name):
        if name.endswith("train.py"):
            raise PermissionError(13, "Permission denied")
        return open_input(name)

    open_input = files.open_input
    monkeypatch.setattr(files, "open_input", refuse)
    assert main(["lint", ".", "--json", "-"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["code"] for finding in findings] == ["LN100", "LN109"]
    assert findings[0]["summary"] == "It was not read: it cannot be opened (Permission denied)."
    assert main(["lint", "train.py"]) == 2
    assert "train.py cannot be read (Permission denied)" in capsys.readouterr().err


def test_a_file_that_is_too_large_for_a_source_is_not_parsed(folder, capsys):
    (folder / "large.py").write_text("x = 1\n" * 400_000)
    assert main(["lint", "large.py"]) == 1
    assert "It was not read: it is larger than 2 MiB" in capsys.readouterr().out

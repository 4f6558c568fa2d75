from pathlib import Path

import pytest

from bench import calibration_file
from bench.calibration_file import Journal
from bench.commands import CommandError


def test_a_journal_goes_on_where_it_was_stopped_even_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, is_resumed=False)
    journal.add({"design": "saved", "seconds": 1.0})
    journal.add({"design": "saved", "seconds": 2.0})
    path.write_text(path.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    resumed = Journal(path, is_resumed=True)
    assert [trial["seconds"] for trial in resumed.trials] == [1.0]
    resumed.add({"design": "saved", "seconds": 3.0})
    assert [trial["seconds"] for trial in Journal(path, is_resumed=True).trials] == [1.0, 3.0]


def test_without_resuming_a_journal_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, is_resumed=True).add({"design": "saved"})
    assert Journal(path, is_resumed=False).trials == []
    assert Journal(path, is_resumed=True).trials == []


def test_another_machines_journal_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal(tmp_path / "journal.jsonl", is_resumed=False)
    monkeypatch.setattr(calibration_file, "machine", lambda: {"cpu.model_name": "another"})
    with pytest.raises(CommandError, match="another machine"):
        Journal(tmp_path / "journal.jsonl", is_resumed=True)


@pytest.mark.parametrize("text", ["[]\n", "no JSON\n", "\n", ""])
def test_a_file_that_is_no_journal_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="cannot be used as a journal"):
        Journal(path, is_resumed=True)

import errno
import os
from pathlib import Path

import pytest

from reports import output
from reports.load import ResultError


def test_text_is_written_as_utf8_with_lone_surrogates_replaced(tmp_path: Path) -> None:
    output.write_whole(tmp_path / "a.html", "é\ud800")
    assert (tmp_path / "a.html").read_bytes() == "é?".encode()


def test_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.html"
    target.write_text("old")

    def interrupted(self: Path, other: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        output.write_whole(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_link_keeps_being_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to("real.html")
    output.write_whole(tmp_path / "link.html", "new")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text() == "new"


def test_folder_that_refuses_files_gives_one_sentence() -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder that takes no files, even from root: Linux has /proc")
    with pytest.raises(ResultError, match="cannot be written"):
        output.write_whole(Path("/proc/self/report.html"), "page")


def test_disk_that_is_read_only_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ResultError, match=os.strerror(errno.EROFS)):
        output.write_whole(tmp_path / "report.html", "page")


def test_folder_that_is_not_writable_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(ResultError, match="takes no files"):
        output.check_target(tmp_path / "report.html", [])


def test_folder_as_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="is a folder"):
        output.check_target(tmp_path, [])


def test_target_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="is no folder"):
        output.check_target(tmp_path / "missing" / "a.html", [])


def test_target_that_is_one_of_the_results_is_refused(tmp_path: Path) -> None:
    result = tmp_path / "r.json"
    result.write_text("{}")
    with pytest.raises(ResultError, match="is one of the results"):
        output.check_target(tmp_path / "." / "r.json", [result])
    assert result.read_text() == "{}"


def test_device_as_target_is_refused() -> None:
    if not Path("/dev/null").exists():
        pytest.skip("needs /dev/null")
    with pytest.raises(ResultError, match="no regular file"):
        output.check_target(Path("/dev/null"), [])

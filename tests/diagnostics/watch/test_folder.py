import json
import stat
import subprocess
import sys
import tempfile

import psutil
import pytest

from diagnostics.watch.folder import PREFIX, clear_abandoned, private_folder


@pytest.fixture(autouse=True)
def _own_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def abandoned(parent, name, owner):
    folder = parent / (PREFIX + name)
    folder.mkdir()
    (folder / "owner").write_text(json.dumps(owner))
    return folder


def test_it_is_private_and_gone_after_the_block_even_on_an_error(tmp_path):
    def interrupted():
        with private_folder() as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "1.record").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_without_room_for_temporary_files_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with private_folder() as folder:
        assert not folder.exists()


def test_what_a_killed_run_left_behind_is_cleared_by_the_next(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    abandoned(tmp_path, "gone", {"pid": child.pid, "created": 1.0})
    with private_folder():
        assert len(list(tmp_path.iterdir())) == 1


def test_the_folder_of_a_run_that_goes_on_stays_and_so_does_one_in_the_making(tmp_path):
    own = psutil.Process()
    abandoned(tmp_path, "alive", {"pid": own.pid, "created": own.create_time()})
    (tmp_path / (PREFIX + "new")).mkdir()
    clear_abandoned(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2

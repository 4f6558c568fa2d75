"""The private folder that a watched command's processes write to, and its end in every case."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from diagnostics.sources import attempt, read_text

ROOM_BYTES = 512 * 1024  # some processes' records
NOWHERE = Path(os.devnull) / "nowhere"
PREFIX = "checkup-"  # short: sockets lie inside, whose paths may have 103 bytes


def _owner() -> str:
    own = psutil.Process()
    return json.dumps({"pid": own.pid, "created": own.create_time()})


def _is_abandoned(folder: Path) -> bool:
    """Tell a folder whose owner was killed; one without an owner's name is being made just now."""
    owner = attempt(lambda: json.loads(read_text(folder / "owner") or "null"))
    if not isinstance(owner, dict):
        return False
    try:
        return bool(psutil.Process(owner["pid"]).create_time() != owner["created"])
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, KeyError):
        return False


def clear_abandoned(parent: Path) -> None:
    """Remove what a run left behind that was killed before it could do so."""
    for folder in parent.glob(PREFIX + "*"):
        if folder.is_dir() and not folder.is_symlink() and _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder that only this user can read, and remove it when the block ends.

    Yields
    ------
    Path
        One that does not exist where there is no room for temporary files: the probe does without then.
    """
    folder = NOWHERE
    try:
        with suppress(OSError):
            folder = _made_folder()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made_folder() -> Path:
    clear_abandoned(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        (folder / "room").write_bytes(bytes(ROOM_BYTES))
        (folder / "room").unlink()
        (folder / "owner").write_text(_owner(), encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder

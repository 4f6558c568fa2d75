"""A lock a GPU, so that two benchmarks never measure each other; the system frees it when its holder dies."""

import contextlib
import os
import re
import stat
import sys
import tempfile
from pathlib import Path

import torch

from bench.devices import why_not

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows locks bytes and not files: one behind the holder's number, which stays readable.
LOCKED_BYTE = 1 << 20


class GpuLock:
    """A file in the system's temporary folder, locked by one process at a time.

    The file stays when the lock is let go: removing it would let two processes lock two files of one name.

    Parameters
    ----------
    uuid : str
        The GPU's, so that its index, which CUDA_VISIBLE_DEVICES changes, does not matter.
    folder : Path, optional
        Another than the system's temporary folder.
    """

    def __init__(self, uuid: str, folder: Path | None = None) -> None:
        name = re.sub(r"[^\w-]", "_", uuid)
        self.path = (folder or Path(tempfile.gettempdir())) / f"torch-checkup-gpu-{name}.lock"
        self._file: int | None = None

    def try_acquire(self) -> bool:
        """Take the lock where it is free or held here already; return whether it is held.

        Raises
        ------
        OSError
            The file cannot be made or opened, or it is none.
        """
        if self._file is not None:
            return True
        file, is_writable = _opened(self.path)
        try:
            _lock(file)
        except OSError:
            os.close(file)
            return False
        self._file = file
        if is_writable:
            os.ftruncate(file, 0)
            os.write(file, str(os.getpid()).encode())
        return True

    def holder(self) -> int | None:
        """Return the number of the process that took the lock last, where it could leave it."""
        try:
            text = self.path.read_text(encoding="ascii")
        except (OSError, ValueError):
            return None
        return int(text) if text.isdecimal() else None

    def release(self) -> None:
        """Let the lock go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _opened(path: Path) -> tuple[int, bool]:
    """Open the lock's file, whoever made it; another user's may be open for reading alone."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
    for mode, is_writable in ((os.O_RDWR, True), (os.O_RDONLY, False), (os.O_RDWR | os.O_CREAT, True)):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            file = os.open(path, mode | flags, 0o666)
            if stat.S_ISREG(os.fstat(file).st_mode):
                return file, is_writable
            os.close(file)
    raise OSError(f"{path} cannot be used as a lock")


def _lock(file: int) -> None:
    """Lock without waiting; OSError where somebody else has it."""
    if sys.platform == "win32":
        os.lseek(file, LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_held: dict[str, GpuLock] = {}  # until this process ends


def why_not_free(device: str) -> str:
    """Take a device as `in_use_by` does; say who has it, nothing where it is ours now."""
    user = in_use_by(device)
    return f"{device} is in use by another benchmark ({user}): wait until it has ended" if user else ""


def in_use_by(device: str) -> str | None:
    """Take a device for the rest of this process' life; where another has it, return whom to wait for.

    A device that is no GPU, and a lock that cannot be made, keep nobody waiting.
    """
    if torch.device(device).type != "cuda" or why_not(device):
        return None
    uuid = str(torch.cuda.get_device_properties(torch.device(device)).uuid)
    lock = _held.setdefault(uuid, GpuLock(uuid))
    try:
        if lock.try_acquire():
            return None
    except OSError as error:
        print(f"{device} is not guarded against a second benchmark: {error}", file=sys.stderr)
        return None
    holder = lock.holder()
    return f"process {holder}" if holder else "another process"

"""What a command line names as input: a file, a pipe or stdin; nobody waits for a missing writer."""

import errno
import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

STDIN = "-"
CHUNK_BYTES = 1024**2


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """Open a file or pipe, or stdin for "-".

    A named pipe that nobody writes to is empty at once, rather than waited for.

    Raises
    ------
    OSError
        Where it cannot be opened; a closed stdin and an empty name included.
    """
    if name == STDIN:
        if sys.stdin is None:
            raise OSError(errno.EBADF, "stdin is closed")
        yield sys.stdin.buffer
        return
    if not name:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    with open(name, "rb", opener=without_waiting) as file:
        yield file


def without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for its writer; what is read from it then waits as usual."""
    if not hasattr(os, "O_NONBLOCK") or not Path(path).is_fifo():
        return os.open(path, flags)
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def read_ends(file: BinaryIO, most_bytes: int) -> bytes:
    """Return all of a file; of a longer one half from each end, in bounded memory."""
    half = most_bytes // 2
    first = file.read(half)
    if file.seekable():
        file.seek(max(half, file.seek(0, os.SEEK_END) - half))
        return first + file.read(half)
    rest: deque[bytes] = deque()
    num_bytes = 0
    while chunk := file.read(CHUNK_BYTES):
        rest.append(chunk)
        num_bytes += len(chunk)
        while num_bytes - len(rest[0]) >= half:
            num_bytes -= len(rest.popleft())
    return first + b"".join(rest)[-half:]

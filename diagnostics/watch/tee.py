"""Passes a command's stderr on, byte for byte, and keeps a copy to explain.

Where stderr is a terminal the command gets a terminal too, of the same size, so that progress bars stay what
they are.
"""

import os
import threading
from collections import deque
from contextlib import suppress

KEPT_BYTES = 4 * 1024**2  # of either end
READ_BYTES = 65536
GRACE_SECONDS = 1.0  # for what a process that outlives the command still holds open


class Kept:
    """The two ends of a stream."""

    def __init__(self, limit_bytes: int = KEPT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    def add(self, data: bytes) -> None:
        """Keep a piece; the oldest pieces of the tail give way."""
        room = self.limit_bytes - len(self._head)
        self._head += data[:room]
        if rest := data[room:]:
            self._tail.append(rest)
            self._tail_bytes += len(rest)
        while self._tail_bytes - len(self._tail[0] if self._tail else b"") > self.limit_bytes:
            self._tail_bytes -= len(self._tail.popleft())

    def __bytes__(self) -> bytes:
        return bytes(self._head) + b"".join(self._tail)


def _open_terminal(like: int) -> tuple[int, int]:
    """Return the two ends of a new terminal with the size of another; it changes no byte on its way."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    modes = termios.tcgetattr(theirs)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, modes)
    copy_size(like, ours)
    fcntl.fcntl(ours, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return ours, theirs


def copy_size(source: int, target: int) -> None:
    """Give one terminal the size of another."""
    import fcntl
    import termios

    with suppress(OSError):
        fcntl.ioctl(target, termios.TIOCSWINSZ, fcntl.ioctl(source, termios.TIOCGWINSZ, bytes(8)))


class Tee:
    """What a command writes to, and a thread that passes it on.

    Parameters
    ----------
    target : int
        The file descriptor that the command would have written to.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.kept = Kept()
        self.is_terminal = os.name == "posix" and os.isatty(target)
        self._ours, self.theirs = _open_terminal(target) if self.is_terminal else os.pipe()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def start(self) -> None:
        """Begin to pass on, once the command has its end."""
        os.close(self.theirs)
        self._thread.start()

    def resize(self) -> None:
        """Follow the size of the real terminal."""
        if self.is_terminal:
            copy_size(self.target, self._ours)

    def finish(self) -> bytes:
        """Wait for the last words, not for ever, and return what was kept."""
        self._thread.join(GRACE_SECONDS)
        return bytes(self.kept)

    def _pass_on(self) -> None:
        is_open = True
        while data := self._read():
            self.kept.add(data)
            try:
                while is_open and data:
                    data = data[os.write(self.target, data) :]
            except OSError:
                is_open = False  # the reader of our stderr is gone; the command must not block for it
        os.close(self._ours)

    def _read(self) -> bytes:
        try:
            return os.read(self._ours, READ_BYTES)
        except OSError:  # a terminal whose other end is closed
            return b""

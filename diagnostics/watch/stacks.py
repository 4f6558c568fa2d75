"""Python stacks of processes that do not get on, by the probe's signal or by py-spy."""

import linecache
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import psutil

from diagnostics.children import run_child
from diagnostics.sources import read_text
from diagnostics.watch.records import Record

ANSWER_SECONDS = 2.0
PY_SPY_SECONDS = 10.0
# Of torch's worker.py; of multiprocessing's process.py, and threading.
BOTTOMS = {"_worker_loop", "_bootstrap"}
MOST_FRAMES = 10  # of a thread that are shown
_THREAD = re.compile(r"(?m)^(?:Current thread|Thread) ")
_FRAME = re.compile(r'File "(?P<path>[^"\n]+)", line (?P<line>\d+) in (?P<function>[^\n]+)')
_SPIED = re.compile(r"^ {4}(?P<function>\S.*?) \((?P<path>[^()\n]+):(?P<line>\d+)\)$", re.MULTILINE)
_SPIED_MAIN = '"MainThread"'
_LIBRARY = re.compile(
    r"[\\/](?:site-packages|dist-packages|lib[\\/]python3[^\\/]*|Lib)[\\/]|^<frozen|sitecustomize"
)
_SHARED = re.compile(r"[\\/]multiprocessing[\\/](?:queues|synchronize|connection|managers|pool)\.py$")
_FUTEX = {"202", "98", "240"}  # the call's number on x86_64, aarch64 and 32-bit ARM


@dataclass(frozen=True)
class Frame:
    """One call of a stack."""

    path: str
    line: int
    function: str

    @property
    def is_own(self) -> bool:
        """Whether it is the user's code and no library's."""
        return not _LIBRARY.search(self.path)

    @property
    def place(self) -> str:
        """As "train.py:12 in load", or "logging/__init__.py:930 in acquire"."""
        path = Path(self.path)
        name = f"{path.parent.name}/{path.name}" if path.name == "__init__.py" else path.name
        return f"{name}:{self.line} in {self.function}"

    @property
    def sentence(self) -> str:
        """The place; of the user's code with the line itself, where the file can be read."""
        source = linecache.getline(self.path, self.line).strip() if self.is_own else ""
        return f"{self.place}: {source}" if source else self.place


@dataclass(frozen=True)
class Stack:
    """Where one process stands.

    Attributes
    ----------
    threads : tuple of tuple of Frame
        The main one first; frames innermost first, and of a worker only what it runs itself.
    waits_for_lock : bool
        The kernel says that its main thread sleeps until another thread of its own wakes it.
    """

    pid: int
    threads: tuple[tuple[Frame, ...], ...] = ()
    waits_for_lock: bool = False

    @property
    def place(self) -> str:
        """Its main thread's innermost frame of the user's code, else the innermost one; "" if unknown."""
        return _place(self.threads)

    @property
    def shown(self) -> list[list[Frame]]:
        """What helps of the main thread, and of others that run the user's code."""
        others = [frames for frames in self.threads[1:] if any(one.is_own for one in frames)]
        return [shortened(frames) for frames in (*self.threads[:1], *others)]


def shortened(frames: Sequence[Frame]) -> list[Frame]:
    """Return the user's frames, what each of them calls, and the innermost one."""
    is_called = [frame.is_own for frame in frames[1:]] + [False]
    kept = [
        one for one, by_own in zip(frames, is_called, strict=True) if one.is_own or by_own or one is frames[0]
    ]
    return kept[:MOST_FRAMES]


def innermost(text: str) -> str:
    """Return the place in the user's code where the main thread of a dump stands."""
    return _place(parse_threads(text))


def _place(threads: Sequence[Sequence[Frame]]) -> str:
    frames = threads[0] if threads else ()
    return next((one.place for one in frames if one.is_own), frames[0].place if frames else "")


def parse_threads(text: str) -> tuple[tuple[Frame, ...], ...]:
    """Return the frames of each thread that faulthandler (the main one last) or py-spy wrote down."""
    blocks = _THREAD.split(text)[::-1]
    blocks.sort(key=lambda block: _SPIED_MAIN not in block)
    threads = (_own_frames(_FRAME.finditer(block)) or _own_frames(_SPIED.finditer(block)) for block in blocks)
    return tuple(frames for frames in threads if frames)


def _own_frames(found: Iterable[re.Match[str]]) -> tuple[Frame, ...]:
    """Return frames; of a forked process, whose stack goes on with its parent's, those that are its own."""
    frames = (Frame(one["path"], int(one["line"]), one["function"]) for one in found)
    return tuple(takewhile(lambda frame: frame.function not in BOTTOMS, frames))


def sleeps_on_lock(pid: int, root: Path = Path("/")) -> bool:
    """Tell whether the kernel has a process' main thread waiting on a futex."""
    words = (read_text(root / f"proc/{pid}/syscall") or "").split()
    return bool(words) and words[0] in _FUTEX


def _catches(pid: int, number: int, root: Path = Path("/")) -> bool:
    """Tell whether a process still has a handler for a signal: without one it would die of it."""
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)", read_text(root / f"proc/{pid}/status") or "", re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (number - 1) & 1)


def _has_open(pid: int, path: Path) -> bool:
    """Tell whether a process still has a file open: its number may have been given to another one."""
    with suppress(psutil.Error):
        return any(Path(file.path) == path.resolve() for file in psutil.Process(pid).open_files())
    return False


def _by_signal(record: Record) -> str:
    number = record.process["stack_signal"]
    path = record.path.with_suffix(".stacks")
    if not number or not _catches(record.pid, number) or not _has_open(record.pid, path):
        return ""
    with suppress(OSError):
        before = path.stat().st_size
        os.kill(record.pid, number)
        return _grown(path, before)
    return ""


def _grown(path: Path, before: int) -> str:
    """Wait until a file has grown and stays as it is, and return what was added."""
    deadline, size = time.monotonic() + ANSWER_SECONDS, before
    while time.monotonic() < deadline:
        time.sleep(0.05)
        last, size = size, path.stat().st_size
        if size > before and size == last:
            break
    return path.read_bytes()[before:].decode("utf-8", "replace")


def _by_py_spy(pid: int) -> str:
    program = shutil.which("py-spy")
    if program is None:
        return ""
    words = [program, "dump", "--nonblocking", "--full-filenames", "--pid", str(pid)]
    with suppress(OSError):
        return run_child(words, PY_SPY_SECONDS).stdout
    return ""


def read_stacks(records: Sequence[Record]) -> list[Stack]:
    """Return where each process stands; one that does not answer is left out."""
    stacks = []
    for record in records:
        sleeps = sleeps_on_lock(record.pid)
        threads = parse_threads(_by_signal(record) or _by_py_spy(record.pid))
        if threads:
            # a wait for another process, by queues and such, is none for a lock of its own
            is_shared = _SHARED.search(threads[0][0].path) is not None
            stacks.append(Stack(record.pid, threads, sleeps and not is_shared))
    return stacks

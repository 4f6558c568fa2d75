"""Python stacks of processes that do not get on, by the probe's signal or by py-spy."""

import os
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from diagnostics.children import run_child
from diagnostics.sources import read_text
from diagnostics.watch.records import Record

ANSWER_SECONDS = 2.0
PY_SPY_SECONDS = 10.0
_FRAME = re.compile(r'File "(?P<path>[^"\n]+)", line (?P<line>\d+) in (?P<function>[^\n]+)')
_SPIED = re.compile(r"^ {4}(?P<function>\S.*?) \((?P<path>[^()\n]+):(?P<line>\d+)\)$", re.MULTILINE)
_LIBRARY = re.compile(
    r"[\\/](?:site-packages|dist-packages|lib[\\/]python3[^\\/]*|Lib)[\\/]|^<frozen|sitecustomize"
)
_SHARED = re.compile(r"[\\/]multiprocessing[\\/](?:queues|synchronize|connection|managers|pool)\.py$")
_FUTEX = {"202", "98", "240"}  # the call's number on x86_64, aarch64 and 32-bit ARM


@dataclass(frozen=True)
class Stack:
    """Where one process stands.

    Attributes
    ----------
    text : str
        As faulthandler or py-spy wrote it.
    place : str
        "train.py:12 in load": the innermost frame of the user's own code, else the innermost one; "" where
        none is known.
    waits_for_lock : bool
        The kernel says that its main thread sleeps until another thread of its own wakes it.
    """

    pid: int
    text: str
    place: str
    waits_for_lock: bool = False


def _main_frames(text: str) -> list[re.Match[str]]:
    """Return the frames of the last thread of a dump, the main one, innermost first."""
    main = re.split(r"(?m)^(?:Thread|Current thread) ", text)[-1]
    return list(_FRAME.finditer(main)) or list(_SPIED.finditer(text))


def _is_between_processes(text: str) -> bool:
    """Tell a wait for another process, by multiprocessing's own means, from one for a thread."""
    return any(_SHARED.search(frame["path"]) for frame in _main_frames(text)[:1])


def innermost(text: str) -> str:
    """Return the place in the user's code where the last thread of a dump, the main one, stands."""
    frames = _main_frames(text)
    own = [frame for frame in frames if not _LIBRARY.search(frame["path"])]
    return "".join(map(_place, (own or frames)[:1]))


def main_thread(text: str, most: int = 12) -> str:
    """Return the frames of the main thread in one line, innermost first."""
    return " < ".join(map(_place, _main_frames(text)[:most]))


def _place(frame: re.Match[str]) -> str:
    return f"{Path(frame['path']).name}:{frame['line']} in {frame['function']}"


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
    with suppress(OSError):
        return run_child([program, "dump", "--nonblocking", "--pid", str(pid)], PY_SPY_SECONDS).stdout
    return ""


def read_stacks(records: Sequence[Record]) -> list[Stack]:
    """Return where each process stands; one that does not answer is left out."""
    stacks = []
    for record in records:
        sleeps = sleeps_on_lock(record.pid)
        text = _by_signal(record) or _by_py_spy(record.pid)
        if text:
            waits = sleeps and not _is_between_processes(text)
            stacks.append(Stack(record.pid, text, innermost(text), waits))
    return stacks

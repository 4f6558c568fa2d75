"""What ends a check-up's children where the check-up itself is killed outright.

A process of its own, run by path, waits at the end of a pipe. A check-up that ends in any orderly way says
so; one that is killed cannot, and the pipe ends: then whatever carries the check-up's mark in its environment
is killed, and its temporary folder removed.
"""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "TORCH_CHECKUP_MARK"
FAREWELL = "done\n"


@contextmanager
def reaped(folder: Path | None) -> Iterator[dict[str, str]]:
    """Have children with the yielded variables, and a folder, cleared away if this process is killed.

    Where the waiting process cannot be started, everything goes on without it.
    """
    mark = uuid.uuid4().hex
    waiting = None
    with suppress(OSError):
        waiting = subprocess.Popen(
            [sys.executable, str(Path(__file__)), mark, str(folder or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            start_new_session=True,
        )
    try:
        yield {MARK: mark}
    finally:
        if waiting is not None:
            with suppress(OSError):
                waiting.communicate(FAREWELL)


def clear_away(mark: str, folder: str) -> None:
    """Kill the marked processes, their trackers last, and remove the folder."""
    import psutil

    sys.path[0] = str(Path(__file__).parents[1])
    from diagnostics.children import kill_all

    marked = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                marked.append(process)
    kill_all(marked)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if sys.stdin.read() != FAREWELL:
        clear_away(sys.argv[1], sys.argv[2])

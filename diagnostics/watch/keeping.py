"""Clears away after a run that was killed outright: a shell that waits for its end."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# It is told the command's process group, and at last that all is well; without that word the run was killed.
SCRIPT = """
trap '' HUP INT QUIT TERM
while read -r word; do
    if [ "$word" = done ]; then exit; fi
    group=$word
done
if [ -n "$group" ]; then kill -s TERM -- "-$group"; fi
rm -rf -- "$1"
"""


@contextmanager
def keeper(folder: Path) -> Iterator[Callable[[int], None]]:
    """Have a folder removed, and a process group ended, should this process be killed within the block.

    Yields
    ------
    callable
        Takes the process group, once there is one.
    """
    shell = shutil.which("sh") if os.name == "posix" else None
    if shell is None:
        yield lambda group: None
        return
    process = subprocess.Popen(
        [shell, "-c", SCRIPT, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        bufsize=0,
    )

    def tell(word: object) -> None:
        with suppress(OSError):
            process.stdin.write(f"{word}\n".encode())  # type: ignore[union-attr]

    try:
        yield tell
    finally:
        tell("done")
        process.stdin.close()  # type: ignore[union-attr]
        process.wait()

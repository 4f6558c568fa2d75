"""Files: from the paths of a command line to the sources below them."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".py", ".ipynb")
SKIPPED = {"__pycache__", "node_modules", "site-packages", "dist-packages", "venv", "env", "virtualenv"}
STDIN = "-"


class UnreadablePathError(ValueError):
    """A path that cannot be read; the message is one sentence with what to do."""


@dataclass(frozen=True)
class SourceFile:
    """A file to lint: its path as it is shown, and its bytes."""

    path: str
    data: bytes


def read_sources(paths: Sequence[str]) -> Iterator[SourceFile]:
    """Yield the sources that paths name: files, all of a folder, or stdin for "-".

    Raises
    ------
    UnreadablePathError
        Where a path does not exist or cannot be read; before anything is yielded where it can be told.
    """
    for name in paths:
        if name != STDIN and not Path(name).exists():
            raise UnreadablePathError(
                f"{name} does not exist; name a Python file, a notebook, a folder, or - for stdin."
            )
    seen: set[str] = set()
    for name in paths:
        if name == STDIN:
            yield SourceFile("<stdin>", sys.stdin.buffer.read())
            continue
        for path in _below(Path(name)):
            key = os.path.realpath(path)
            if key not in seen:
                seen.add(key)
                yield SourceFile(path.as_posix(), _read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadablePathError(f"{path} cannot be read ({error.strerror}); leave it out.") from None


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not _is_skipped(Path(folder, name)))
        for file in sorted(files):
            found = Path(folder, file)
            if found.suffix in SUFFIXES and not file.startswith(".") and found.is_file():
                yield found


def _is_skipped(folder: Path) -> bool:
    is_hidden = folder.name.startswith(".")
    return is_hidden or folder.name in SKIPPED or (folder / "pyvenv.cfg").exists()

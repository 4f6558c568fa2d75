"""Files: from the paths of a command line to the sources below them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.inputs import STDIN, open_input

SUFFIXES = (".py", ".ipynb")
SKIPPED = {"__pycache__", "node_modules", "site-packages", "dist-packages", "venv", "env", "virtualenv"}
MOST_BYTES = 64 * 1024**2  # read of a file; notebooks hold their pictures


class UnreadablePathError(ValueError):
    """A path that cannot be read; the message is one sentence with what to do."""


@dataclass(frozen=True)
class SourceFile:
    """A file to lint: its path as it is shown, its bytes, and why they could not be read, if so."""

    path: str
    data: bytes
    problem: str = ""


def read_sources(paths: Sequence[str]) -> Iterator[SourceFile]:
    """Yield the sources that paths name: files, all of a folder, or stdin for "-".

    Raises
    ------
    UnreadablePathError
        Where a path does not exist or cannot be read; before anything is yielded where it can be told.
    """
    for name in paths:
        if name != STDIN and not (name and Path(name).exists()):
            raise UnreadablePathError(
                f"{name or 'An empty name'} does not exist; name a Python file, a notebook, a folder, "
                "or - for stdin."
            )
    seen: set[str] = set()
    for name in paths:
        if name == STDIN:
            yield _read(name, "<stdin>", is_named=True)
            continue
        for path in _below(Path(name)):
            key = os.path.realpath(path)
            if key not in seen:
                seen.add(key)
                yield _read(str(path), path.as_posix(), is_named=path == Path(name))


def _read(name: str, shown: str, is_named: bool) -> SourceFile:
    """Read a file; that one of a folder cannot be read is a finding, and stops nothing."""
    try:
        with open_input(name) as file:
            return SourceFile(shown, file.read(MOST_BYTES))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if is_named:
            raise UnreadablePathError(f"{shown} cannot be read ({reason}); leave it out.") from None
        return SourceFile(shown, b"", f"it cannot be opened ({reason})")


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

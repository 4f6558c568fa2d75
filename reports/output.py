"""Writing a file so that a reader sees the whole of it or the one before, and nothing is left behind."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reports.load import ResultError, shown


def check_target(
    target: Path, inputs: Sequence[Path], kind: str = "HTML", example: str = "report.html"
) -> None:
    """Refuse a place that cannot take the page (or a file of another kind), before any work is done.

    Raises
    ------
    ResultError
        It is a folder, not a regular file, write-protected, one of the results, or its folder is missing.
    """
    wanted = f"expected the name of a file to write as {kind}, such as {example}"
    if target.is_dir():
        raise ResultError(f"{shown(target)} is a folder; {wanted}.")
    if not target.parent.is_dir():
        folder = shown(target.parent)
        raise ResultError(f"{shown(target)} cannot be written: {folder} is no folder; {wanted}.")
    if not os.access(place := target.resolve().parent, os.W_OK):
        raise ResultError(f"{shown(target)} cannot be written: {shown(place)} takes no files; {wanted}.")
    if target.exists() and not target.is_file():
        raise ResultError(f"{shown(target)} is no regular file; {wanted}.")
    if target.exists() and not os.access(target, os.W_OK):
        raise ResultError(f"{shown(target)} cannot be written (permission denied); {wanted}.")
    if target.exists() and any(path.exists() and path.samefile(target) for path in inputs):
        raise ResultError(f"{shown(target)} is one of the results and would be lost; {wanted}.")


def write_whole(target: Path, text: str) -> None:
    """Write text as UTF-8 in one step; on failure the target is as it was and no other file remains.

    Raises
    ------
    ResultError
        The folder does not let itself be written.
    """
    target = target.resolve()
    fresh = target.with_name(f".report-{os.getpid()}.tmp")
    try:
        with fresh.open("xb") as file:
            file.write(text.encode("utf-8", "replace"))
        fresh.replace(target)
    except OSError as error:
        raise ResultError(
            f"{shown(target)} cannot be written ({error.strerror}); expected a folder that you may write to."
        ) from None
    finally:
        with suppress(OSError):  # on a disk that became read-only it is not there, or cannot be removed
            fresh.unlink()

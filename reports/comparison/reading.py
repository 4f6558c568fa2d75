"""Files, folders and patterns become runs, each with a name of its own among all that were given."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.inputs import found_in
from reports.load import ResultError, Run, read_run, shown
from reports.private_patterns import HIDDEN

_Read = tuple[Path, Run]
_COMMIT = re.compile(r"(?<![0-9a-f])([0-9a-f]{7})[0-9a-f]{33}(?![0-9a-f])")  # in names that autosave gives


@dataclass(frozen=True, eq=False)
class Given:
    """One run as it was given.

    Attributes
    ----------
    label : str
        The end of its path that tells it from the others, redacted.
    digest : str
        Of the file's content: copies of one file are one run.
    """

    run: Run
    label: str
    digest: str

    @property
    def started(self) -> str:
        """When the run began, or else was saved, as the file writes it; "" where it says neither."""
        return str(self.run.suite.get("started") or self.run.document.get("datetime") or "")


def read_sides(
    inputs: Sequence[Sequence[Path]], include_private: bool = False
) -> tuple[list[list[Given]], list[str]]:
    """Read every result of every input.

    Parameters
    ----------
    inputs : sequence of sequence of Path
        Groups of files, folders (all results below them) and patterns such as `before/*.json`.

    Returns
    -------
    list of list of Given
        One list a group.
    list of str
        What was passed over.

    Raises
    ------
    ResultError
        A file cannot be used, or a folder or pattern holds no result.
    """
    notes: list[str] = []
    groups = [[read for path in paths for read in _files(path, include_private, notes)] for paths in inputs]
    labels = _labels([path for group in groups for path, _ in group], include_private)
    return [[_given(path, run, labels[path]) for path, run in group] for group in groups], notes


def _files(path: Path, include_private: bool, notes: list[str]) -> list[_Read]:
    found = found_in(path)
    if found is None:
        return [(path, read_run(path, include_private))]
    return _readable(path, found, include_private, notes)


def _readable(origin: Path, paths: Sequence[Path], include_private: bool, notes: list[str]) -> list[_Read]:
    found, passed_over = [], []
    for path in paths:
        try:
            found.append((path, read_run(path, include_private)))
        except ResultError:
            passed_over.append(path.name)
    if not found:
        raise ResultError(
            f"{shown(origin)} holds no result; expected JSON files of pytest-benchmark, pyperf or hyperfine."
        )
    if passed_over:
        notes.append(f"Passed over, because they are no results: {', '.join(passed_over)}.")
    return found


def _labels(paths: Sequence[Path], include_private: bool) -> dict[Path, str]:
    """Return for each path as much of its end as tells all of them apart; whose home it is stays out."""
    parts = {path: _parts(path, include_private) for path in paths}
    deepest = max((len(found) for found in parts.values()), default=1)
    ends: dict[Path, str] = {}
    for depth in range(1, deepest + 1):
        ends = {path: "/".join(found[-depth:]) for path, found in parts.items()}
        if len(set(ends.values())) == len(ends):
            break
    return ends


def _parts(path: Path, include_private: bool) -> list[str]:
    found = list(Path(os.path.abspath(path)).parts)  # noqa: PTH100 -- resolve would follow links
    for i, part in enumerate(found[:-1]):
        if part.lower() in {"home", "users"} and not include_private:
            found[i + 1] = HIDDEN if i + 2 < len(found) else found[i + 1]
    return found


def _given(path: Path, run: Run, label: str) -> Given:
    printable = _COMMIT.sub(r"\1", shown(Path(label)).replace("\\", "/"))
    return Given(run, run.redact(printable), hashlib.sha256(path.read_bytes()).hexdigest())

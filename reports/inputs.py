"""What was given on the command line becomes a list of files, and those become runs, one at a time."""

import glob
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.json_files import EXPECTED, ResultError, cleaned, read_json, shown
from reports.load import NoResultError, Run, run_of
from reports.privacy import redacted, redactor
from reports.values import mapping

COMPANIONS = ("profile", "tune")  # documents of `python -m diagnostics` that a page shows beside its results
LONG_BUILD_FILES = 20


@dataclass
class Reading:
    """How to read, and what happened meanwhile.

    Attributes
    ----------
    companions : dict of str to dict
        Documents of other commands that were given beside the results, by command.
    skipped : list of (Path, str)
        The files that could not be read, each with a sentence that says why; only with `keep_going`.
    passed_over : list of str
        Names of files in folders that are whole, but no results.
    """

    include_private: bool = False
    keep_going: bool = False
    companions: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    def runs(self, paths: Sequence[Path]) -> Iterator[Run]:
        """Yield the run of every file, folder (all results below it) and pattern; none of mere companions.

        Raises
        ------
        ResultError
            A file cannot be read (without `keep_going`), or nothing given holds a result or is a companion.
        """
        num_runs = 0
        for path, is_listed in _followed(list(self._files(paths))):
            run = self._run(path, is_listed)
            if run is not None:
                num_runs += 1
                yield run
        if not num_runs and not self.companions:
            where = "; ".join(why for _, why in self.skipped) or ", ".join(shown(path) for path in paths)
            raise ResultError(f"No result to show: {where}. Expected {EXPECTED.removeprefix('expected ')}.")

    def _files(self, paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
        """Yield every file, and whether it was named itself rather than found."""
        for path in paths:
            found = found_in(path)
            if found is None:
                yield path, True
                continue
            if not found:
                raise ResultError(f"{shown(path)} is a folder or pattern without a result in it; {EXPECTED}.")
            yield from ((each, False) for each in found)

    def _run(self, path: Path, is_listed: bool) -> Run | None:
        try:
            value = read_json(path)
            if self._is_companion(path, value):
                return None
            return run_of(path, value, self.include_private)
        except NoResultError as error:
            if not is_listed:
                self.passed_over.append(path.name)
            elif self.keep_going:
                self.skipped.append((path, str(error)))
            else:
                raise
        except ResultError as error:
            if not self.keep_going:
                raise ResultError(f"{error} `--keep-going` leaves such a file out.") from None
            self.skipped.append((path, str(error)))
        return None

    def _is_companion(self, path: Path, value: Any) -> bool:
        command = mapping(value).get("command")
        if command not in COMPANIONS:
            return False
        document, _ = cleaned(path, value)
        self.companions[command] = (
            document if self.include_private else redacted(document, redactor(document))
        )
        return True


def found_in(path: Path) -> list[Path] | None:
    """Return the results below a folder, or those that match a pattern; None for what is neither."""
    if path.is_dir():
        return sorted(path.rglob("*.json"))
    if not path.exists() and glob.has_magic(str(path)):
        return [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
    return None


def _followed(files: Sequence[tuple[Path, bool]]) -> Iterator[tuple[Path, bool]]:
    """Yield the files; where there are many, a bar on the terminal's stderr follows."""
    if len(files) < LONG_BUILD_FILES or not sys.stderr.isatty():
        yield from files
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(files, "Reading", console=Console(stderr=True), transient=True)

"""Result files become runs; one that cannot be read becomes one sentence."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.facts import Facts, from_document
from reports import privacy
from reports.foreign import as_pytest_benchmark
from reports.json_files import EXPECTED, ResultError, cleaned, printable, read_json, shown
from reports.values import as_number, entries, mapping, moment

_ESTIMATES = ("median", "mean", "min", "max")


class NoResultError(ResultError):
    """The file is whole, but holds something else than results."""


@dataclass(frozen=True, eq=False)
class Run:
    """One result file.

    Attributes
    ----------
    name : str
        The file's name, without its folder.
    document : dict
        The file's JSON: strings printable and (unless asked otherwise) redacted.
    facts : dict of str to Fact
        The machine's facts as they were stamped, unredacted: they are for judging, not for showing.
    redact : callable
        Hides private words in a text that was derived from `facts`.
    notes : tuple of str
        What had to be left out while reading.
    hidden : tuple of str
        Of which kinds the words are that were redacted.
    node : str
        The host's own name, unredacted: it tells machines apart, and is not for showing.
    modified : datetime or None
        When the file was last written.
    """

    name: str
    document: dict[str, Any]
    facts: Facts
    redact: privacy.Redact = str
    notes: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    node: str = ""
    modified: datetime | None = None

    @property
    def benchmarks(self) -> list[dict[str, Any]]:
        """The entries of the file, one a configuration."""
        return self.document["benchmarks"]

    @property
    def suite(self) -> dict[str, Any]:
        """What torch-checkup itself recorded about the run; empty for files of other suites."""
        return mapping(self.document.get("torch_checkup"))

    @property
    def machine_info(self) -> dict[str, Any]:
        """What pytest-benchmark recorded about the machine, facts included."""
        return mapping(self.document.get("machine_info"))

    @property
    def when(self) -> datetime | None:
        """When the run was saved, None where the file does not say."""
        return moment(self.document.get("datetime"))

    @property
    def is_private(self) -> bool:
        """Whether nothing was redacted, because that was asked for."""
        return self.redact is str


def _usable(path: Path, document: Any) -> tuple[list[dict[str, Any]], int]:
    if not isinstance(document, dict):
        what = f"a JSON {type(document).__name__}, not an object"
        raise NoResultError(f"{shown(path)} holds {what}; {EXPECTED}.")
    listed = document.get("benchmarks")
    if listed == []:
        raise NoResultError(f"{shown(path)} holds no benchmark: its run measured nothing; {EXPECTED}.")
    kept = [entry for entry in entries(listed) if isinstance(entry.get("stats"), dict)]
    if not kept:
        what = "is JSON of another shape (no list `benchmarks` whose entries have `stats`)"
        raise NoResultError(f"{shown(path)} {what}; {EXPECTED}.")
    if not any(math.isfinite(as_number(entry["stats"].get(key))) for entry in kept for key in _ESTIMATES):
        raise NoResultError(
            f"{shown(path)} holds no finite measurement (every value is NaN or missing); {EXPECTED}."
        )
    return kept, len(listed) - len(kept)  # type: ignore[arg-type]


def read_run(path: Path, include_private: bool = False) -> Run:
    """Read one result file: of torch-checkup, any other suite under pytest-benchmark, pyperf or hyperfine.

    Raises
    ------
    ResultError
        The file is missing, unreadable, empty, too large, no JSON, of another shape, or without any finite
        number.
    """
    return run_of(path, read_json(path), include_private)


def run_of(path: Path, value: Any, include_private: bool = False) -> Run:
    """Return the run that a file's JSON value holds; `read_run` tells what may be raised."""
    document, num_missing = cleaned(path, value)
    document = as_pytest_benchmark(document)
    benchmarks, num_left_out = _usable(path, document)
    raw = {**document, "benchmarks": benchmarks}
    redact = privacy.redactor(raw)
    machine = mapping(raw.get("machine_info"))
    return Run(
        name=printable(path.name) if include_private else redact(printable(path.name)),
        document=raw if include_private else privacy.redacted(raw, redact),
        facts=from_document(machine.get("facts")),
        redact=str if include_private else redact,
        notes=tuple(_notes(num_missing, num_left_out)),
        hidden=() if include_private else tuple(sorted(redact.kinds)),
        node=_node(machine),
        modified=datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None,
    )


def _node(machine: Mapping[str, Any]) -> str:
    fact = mapping(mapping(machine.get("facts")).get("host.name"))
    named = machine.get("node") or fact.get("value")
    return named if isinstance(named, str) else ""


def _notes(num_missing: int, num_left_out: int) -> Iterable[str]:
    if num_missing:
        bad = "are NaN, infinite or absurdly large"
        yield f"{num_missing:,} values of the file {bad}; they are treated as missing."
    if num_left_out:
        yield f"{num_left_out:,} entries of the file have no `stats`; they are left out."

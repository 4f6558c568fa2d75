"""Result files become runs; one that cannot be read becomes one sentence."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from diagnostics.facts import Facts, from_document
from reports import privacy

EXPECTED = "expected a pytest-benchmark result, such as `pytest bench --benchmark-autosave` writes"
LONGEST_STRING = 2000
LARGEST_NUMBER = 1e100  # no time, rate or size comes near it, and its square is still finite
_ESTIMATES = ("median", "mean", "min", "max")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class ResultError(Exception):
    """What the user gave cannot be used; the message names it and says what was expected."""


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
    """

    name: str
    document: dict[str, Any]
    facts: Facts
    redact: privacy.Redact = str
    notes: tuple[str, ...] = ()

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


def mapping(value: object) -> dict[str, Any]:
    """Return the value where it is a JSON object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON list, nothing where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_number(value: object) -> float:
    """Return a JSON number as a float, NaN for everything that is none or beyond any measurement."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < LARGEST_NUMBER else math.nan  # type: ignore[arg-type]


def moment(text: object) -> datetime | None:
    """Return an ISO date with its zone (UTC where it names none), None for anything else."""
    try:
        parsed = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@dataclass
class _Cleaner:
    """Makes a JSON value harmless and counts the numbers that are none."""

    num_missing: int = 0

    def text(self, value: str) -> str:
        printable = _UNPRINTABLE.sub("\ufffd", value)
        return printable if len(printable) <= LONGEST_STRING else printable[:LONGEST_STRING] + "…"

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, float) and math.isnan(as_number(value)):
            self.num_missing += 1
        if isinstance(value, list):
            return [self.clean(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.clean(item) for key, item in value.items()}
        return value


def shown(path: Path) -> str:
    """Return a path as one printable line."""
    return _UNPRINTABLE.sub("?", str(path)).replace("\n", "?").replace("\t", "?")


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ResultError(f"{shown(path)} does not exist; {EXPECTED}.") from None
    except OSError as error:
        raise ResultError(f"{shown(path)} cannot be read ({error.strerror}); {EXPECTED}.") from None
    if not content.strip():
        raise ResultError(f"{shown(path)} is empty; {EXPECTED}.")
    return content


def _parse(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos :].strip()
        what = "is no JSON" if rest and not error.msg.startswith("Unterminated") else "breaks off"
        raise ResultError(
            f"{shown(path)} {what} at line {error.lineno}, column {error.colno}; {EXPECTED}."
        ) from None
    except UnicodeDecodeError:
        raise ResultError(f"{shown(path)} is no text; {EXPECTED}.") from None
    except RecursionError:
        raise ResultError(f"{shown(path)} is nested too deeply to be a result; {EXPECTED}.") from None
    except ValueError:  # an integer of thousands of digits
        raise ResultError(f"{shown(path)} holds a number too long to be a measurement; {EXPECTED}.") from None


def _look_alike(document: Mapping[str, Any]) -> str:
    if isinstance(document.get("results"), list):
        return "looks like a hyperfine result"
    if any("runs" in entry for entry in entries(document.get("benchmarks"))):
        return "looks like a pyperf result"
    return "is JSON of another shape (no list `benchmarks` whose entries have `stats`)"


def _usable(path: Path, document: Any) -> tuple[list[dict[str, Any]], int]:
    if not isinstance(document, dict):
        raise ResultError(f"{shown(path)} holds a JSON {type(document).__name__}, not an object; {EXPECTED}.")
    listed = document.get("benchmarks")
    if listed == []:
        raise ResultError(f"{shown(path)} holds no benchmark: its run measured nothing; {EXPECTED}.")
    kept = [entry for entry in entries(listed) if isinstance(entry.get("stats"), dict)]
    if not kept:
        raise ResultError(f"{shown(path)} {_look_alike(document)}; {EXPECTED}.")
    if not any(math.isfinite(as_number(entry["stats"].get(key))) for entry in kept for key in _ESTIMATES):
        raise ResultError(
            f"{shown(path)} holds no finite measurement (every value is NaN or missing); {EXPECTED}."
        )
    return kept, len(listed) - len(kept)  # type: ignore[arg-type]


def read_run(
    path: Path, include_private: bool = False, adapt: Callable[[Any], Any] = lambda document: document
) -> Run:
    """Read one result file, of torch-checkup or of any other suite under pytest-benchmark.

    `adapt` may bring the JSON of another tool into pytest-benchmark's shape.

    Raises
    ------
    ResultError
        The file is missing, unreadable, empty, no JSON, of another shape, or without any finite number.
    """
    cleaner = _Cleaner()
    try:
        document = adapt(cleaner.clean(_parse(path, _read_bytes(path))))
        benchmarks, num_left_out = _usable(path, document)
        raw = {**document, "benchmarks": benchmarks}
        redact = str if include_private else privacy.redactor(raw)
        shown_document = raw if include_private else privacy.redacted(raw, redact)
    except RecursionError:
        raise ResultError(f"{shown(path)} is nested too deeply to be a result; {EXPECTED}.") from None
    facts = from_document(mapping(raw.get("machine_info")).get("facts"))
    name = redact(cleaner.text(path.name))
    return Run(name, shown_document, facts, redact, tuple(_notes(cleaner.num_missing, num_left_out)))


def _notes(num_missing: int, num_left_out: int) -> Iterable[str]:
    if num_missing:
        bad = "are NaN, infinite or absurdly large"
        yield f"{num_missing:,} values of the file {bad}; they are treated as missing."
    if num_left_out:
        yield f"{num_left_out:,} entries of the file have no `stats`; they are left out."


def newest_result(folder: Path, include_private: bool = False) -> Run:
    """Return the newest result below a folder, by the date inside or else the file's own.

    Raises
    ------
    ResultError
        There is none.
    """
    found: list[tuple[datetime, str, Run]] = []
    for path in sorted(folder.rglob("*.json")):
        try:
            run = read_run(path, include_private)
            found.append((run.when or datetime.fromtimestamp(path.stat().st_mtime, UTC), str(path), run))
        except (ResultError, OSError):
            continue
    if not found:
        raise ResultError(f"{shown(folder)} is a folder without a result in it; {EXPECTED}.")
    return max(found, key=lambda entry: entry[:2])[2]


def read_runs(paths: Iterable[Path], include_private: bool = False) -> list[Run]:
    """Read every result (a folder stands for its newest), newest first; ties keep the order given."""
    oldest = datetime.min.replace(tzinfo=UTC)
    runs = [newest_result(p, include_private) if p.is_dir() else read_run(p, include_private) for p in paths]
    return sorted(runs, key=lambda run: run.when or oldest, reverse=True)

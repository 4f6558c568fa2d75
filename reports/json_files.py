"""Files that anybody may have written become harmless JSON values, or one sentence that refuses them.

Nothing is executed or unpickled, and what one file can cost is bounded: its bytes, its values, their depth.
"""

import json
import re
from pathlib import Path
from typing import Any

from diagnostics.inputs import without_waiting
from reports.values import LARGEST_NUMBER

MIB = 2**20
EXPECTED = "expected a pytest-benchmark result, such as `pytest bench --benchmark-autosave` writes"
LARGEST_FILE_BYTES = 256 * MIB
MOST_VALUES = 5_000_000  # the most costly, empty objects, take some 75 bytes each
DEEPEST = 60
LONGEST_STRING = 2000
# Control characters, lone surrogates, and what reorders or hides the text around it: marks of direction, zero
# widths, line separators, tags.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


class ResultError(Exception):
    """What the user gave cannot be used; the message names it and says what was expected."""


def shown(path: Path) -> str:
    """Return a path as one printable line."""
    return _UNPRINTABLE.sub("?", str(path)).replace("\n", "?").replace("\t", "?")


def printable(value: str) -> str:
    """Return a text of bearable length without characters that act on their surroundings."""
    if len(value) <= LONGEST_STRING and value.isascii() and value.isprintable():
        return value
    text = _UNPRINTABLE.sub("\ufffd", value[: LONGEST_STRING + 1])
    return text if len(value) <= LONGEST_STRING else text[:LONGEST_STRING] + "…"


def read_json(path: Path) -> Any:
    """Return the JSON value of a file, as it was written.

    Raises
    ------
    ResultError
        The file is missing, unreadable, empty, too large, or no JSON.
    """
    return _parse(path, _read_bytes(path))


def _read_bytes(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=without_waiting) as file:
            content = file.read(LARGEST_FILE_BYTES + 1) if path.stat().st_size <= LARGEST_FILE_BYTES else None
    except FileNotFoundError:
        raise ResultError(f"{shown(path)} does not exist; {EXPECTED}.") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no system can hold
        raise ResultError(
            f"{shown(path)} cannot be read ({getattr(error, 'strerror', error)}); {EXPECTED}."
        ) from None
    if content is None or len(content) > LARGEST_FILE_BYTES:
        most = f"{LARGEST_FILE_BYTES // MIB} MiB"
        raise ResultError(f"{shown(path)} is larger than {most}, too large to be a result; {EXPECTED}.")
    if not content.strip():
        raise ResultError(f"{shown(path)} is empty; {EXPECTED}.")
    return content


def _parse(path: Path, content: bytes) -> Any:
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ResultError(
            f"{shown(path)} holds more than {MOST_VALUES:,} values, too many for a result; {EXPECTED}."
        )
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


def cleaned(path: Path, value: Any) -> tuple[Any, int]:
    """Return a JSON value with printable strings, and how many of its numbers are none.

    Raises
    ------
    ResultError
        It is nested more deeply than any result.
    """
    num_missing = 0
    keys: dict[str, str] = {}

    def clean(part: Any, depth: int) -> Any:
        nonlocal num_missing
        if isinstance(part, str):
            return printable(part)
        if isinstance(part, float):
            num_missing += not abs(part) < LARGEST_NUMBER
        if not isinstance(part, (list, dict)):
            return part
        if depth > DEEPEST:
            raise ResultError(f"{shown(path)} is nested too deeply to be a result; {EXPECTED}.")
        if isinstance(part, list):
            return [clean(item, depth + 1) for item in part]
        for key in part.keys() - keys.keys():
            keys[key] = printable(key)
        return {keys[key]: clean(item, depth + 1) for key, item in part.items()}

    return clean(value, 0), num_missing

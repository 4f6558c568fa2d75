"""JSON in a log, opened: the records of loggers and containers, the strings of a notebook's file."""

import json
import re
from collections.abc import Iterator
from typing import Any

from diagnostics.traces.prefixes import strip_prefixes

MOST_QUOTES = 32  # texts of a record, beside what it says
MOST_LEVELS = 3  # of records within records, down to the one that says what happened
LONGEST_HEAD = 100  # characters before a record
_SAYING = ("log", "message", "msg", "text", "textpayload")  # the keys that hold the line itself, in any case
_PERHAPS = ("event", "data")  # those that may as well hold a name
_DECODER = json.JSONDecoder(strict=False)
# Where JSON may begin: with a record or a string, alone, after its key or as one of a list.
_BEGINNING = re.compile(r'[\s\[,]{0,40}(?:"[^"\\\n]{1,80}" ?: ?)?\[?\s?(?=["{])')
_BETWEEN = re.compile(r"[\s,\[\]}]*")
_RECORD = re.compile(r'\{ ?"')
_TROUBLE = re.compile(r'Traceback|File "|\w(?:Error|Exception|Interrupt): ')
_CAUSED = "The above exception was the direct cause of the following exception:"
_MEANWHILE = "During handling of the above exception, another exception occurred:"
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\n\t\r\f\b]")  # C:\new, unescaped


def told(line: str, is_document: bool = False) -> list[str] | None:
    r"""Return the lines that a line of JSON tells, those of the tracebacks in it among them.

    Parameters
    ----------
    line : str
        Anything; what a launcher or a container put before a record is put before each of its lines.
    is_document : bool
        Whether all of its texts count where no key holds what it says, as in a notebook.

    Returns
    -------
    list of str or None
        None where the line is no JSON, or where nothing tells what in it is a message.

    >>> told('{"level": "error", "msg": "it failed", "exc": "Traceback:\\nKeyError: 3"}')
    ['it failed', 'Traceback:', 'KeyError: 3']
    """
    begin, head = _beginning(line)
    values = [] if begin < 0 else _values(line, begin)
    if values and all(isinstance(value, str) for value in values):
        texts = _strings(values)
    else:
        texts = [text for value in values for text in _of_record(value, is_document)]
    return [head + part for text in texts for part in text.splitlines() if part] if texts else None


def _beginning(line: str) -> tuple[int, str]:
    """Return where JSON may begin, -1 for nowhere, and the prefix before it."""
    if not line.rstrip().endswith(("}", "]", '"', ",")):
        return -1, ""
    if found := _BEGINNING.match(line):
        return found.end(), ""
    found = _RECORD.search(line, 0, LONGEST_HEAD)
    head = line[: found.start()] if found else ""
    if found and strip_prefixes(f"{head}Traceback")[0] == "Traceback":
        return found.start(), head
    return -1, ""


def _values(line: str, at: int) -> list[Any]:
    """Return the records or strings that a line consists of from there on; none where it is anything else."""
    values: list[Any] = []
    is_listed = "[" in line[:at]
    try:
        while at < len(line):
            value, at = _DECODER.raw_decode(line, at)
            is_one_more = isinstance(value, str) and values and not is_listed  # the fields of a table
            if is_one_more or not isinstance(value, str | dict):
                return []
            values.append(value)
            between = _BETWEEN.match(line, at)
            at = between.end() if between else at
    except (ValueError, RecursionError):
        return []
    return values


def _strings(values: list[str]) -> list[str]:
    """Return strings of JSON where they are lines: no words and no path."""
    is_said = any("\n" in value or "\x1b" in value or _TROUBLE.search(value) for value in values)
    return values if is_said and not _WINDOWS_PATH.match(values[0]) else []


def _of_record(record: Any, is_document: bool) -> list[str]:
    """Return what a record says, then what else in it has several lines or names an error."""
    texts = list(_texts(record))
    quotes = [text for text in dict.fromkeys(texts) if "\n" in text.strip() or _TROUBLE.search(text)]
    is_failure = any(map(_TROUBLE.search, quotes))
    said = _said(record, is_failure)
    if said is None:
        return [text for text in texts if " " in text or "\n" in text] if is_document or is_failure else []
    kept = [said, *(text for text in quotes[:MOST_QUOTES] if text != said)]
    return [text for text in kept if not any(text in other and text != other for other in kept)]


def _said(record: Any, is_failure: bool) -> str | None:
    """Return what a record, or the record of a failure within it, says by a key of its own."""
    level = [record.get("jsonPayload", record)] if isinstance(record, dict) else []
    for _ in range(MOST_LEVELS if is_failure else 1):
        level = [one for one in level if isinstance(one, dict)]
        for one in level:
            held = {key.lower(): value for key, value in one.items()}
            for key in (*_SAYING, *_PERHAPS):
                text = held.get(key)
                if isinstance(text, str) and (key in _SAYING or is_failure or "\n" in text):
                    return text
        level = [value for one in level for value in one.values()]
    return None


def _texts(value: Any) -> Iterator[str]:
    """Return the strings in a value in their order; a list of lines is one."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += reversed(value.values())
        elif isinstance(value, list) and (raised := _raised(value)):
            yield raised
        elif isinstance(value, list):
            is_text = all(isinstance(part, str) for part in value)
            if is_text and any("\n" in part or _TROUBLE.search(part) for part in value):
                yield "\n".join(part.removesuffix("\n") for part in value)
            else:
                waiting += reversed(value)


def _raised(stacks: list[Any]) -> str:
    """Return exceptions that structlog wrote as records as Python would have; "" for any other list."""
    written = []
    for stack in reversed(stacks):  # the one that was raised last comes first there
        if not (isinstance(stack, dict) and {"exc_type", "exc_value", "frames"} <= stack.keys()):
            return ""
        inside = stack["frames"] if isinstance(stack["frames"], list) else []
        frames = [one for one in inside if isinstance(one, dict)]
        places = [(one.get("filename"), one.get("lineno"), one.get("name")) for one in frames]
        lines = [f'  File "{path}", line {number}, in {function}' for path, number, function in places]
        head, end = "Traceback (most recent call last):", f"{stack['exc_type']}: {stack['exc_value']}"
        written.append("\n".join([head, *lines, end, _CAUSED if stack.get("is_cause") else _MEANWHILE]))
    return "\n".join(written).rpartition("\n")[0]

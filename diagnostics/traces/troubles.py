"""Lines that tell of trouble in any program's words: what an answer quotes where it knows no cause."""

import re

from diagnostics.traces.cleaning import Line
from diagnostics.traces.trace import Trace

_TROUBLE = re.compile(
    r"(?i)\b(?:fatal|critical|errors?|err!|fail(?:ed|ure|s)?|panic|exception|cannot|can'?t|could(?: not|n't)"
    r"|unable|denied|refused|not found|no such|unavailable|not reachable|unreachable|timed? ?out|timeout"
    r"|killed|abort(?:ed)?|segmentation fault|bus error|core dumped|sigsegv|sigkill|out of memory|no space"
    r"|hangs?|stuck|deadlock|exit(?:ed)? (?:code|status)[: ]+-?\d+)\b|\b[A-Z]\w{2,60}(?:Error|Exception)\b"
)
_HARMLESS = re.compile(
    r"(?i)\b(?:no|0|zero|without) (?:errors?|failures?)\b|error[_ ]?(?:rate|bars?)|\berrors?: 0\b"
)
_GIVES_UP = re.compile(r"(?:FATAL|CRITICAL|ERROR|Fatal|Error)\b(?!: Unexpected)")


def trouble_lines(trace: Trace, most: int = 3, before: int | None = None) -> tuple[Line, ...]:
    """Return the last lines that tell of trouble, outside of tracebacks and code.

    Parameters
    ----------
    trace : Trace
    most : int
    before : int, optional
        A line's number: only lines above it.
    """
    lines: list[Line] = []
    for line in reversed(trace.lines):
        if before is not None and line.number >= before:
            continue
        if _TROUBLE.search(line.text) and not _HARMLESS.search(line.text):
            lines.append(line)
            if len(lines) >= most:
                break
    return tuple(reversed(lines))


def last_words(trace: Trace, before: int) -> tuple[Line, ...]:
    """Return the line in which a process said, above another, that it gives up; none where none did."""
    lines = (line for line in trouble_lines(trace, before=before) if _GIVES_UP.match(line.text))
    return tuple(lines)[-1:]

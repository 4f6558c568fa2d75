"""Findings in sources as lines of text, file by file. Nothing here touches the world."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from diagnostics.findings import Status
from diagnostics.lint.linting import Linted, Located
from diagnostics.terminal import GLYPHS, STYLES, WORDS

WIDEST = 100  # columns: longer lines are hard to follow
INDENT = " " * 8


def _clean(text: str) -> str:
    """Replace control characters: sources must not steer the terminal."""
    return "".join(c if c.isprintable() else " " if c == "\t" else "?" for c in text)


def _wrapped(text: str, width: int) -> Iterator[Text]:
    lines = textwrap.wrap(
        _clean(text),
        min(width, WIDEST),
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return map(Text, lines)


def _headline(found: Located) -> Text:
    place = found.location
    where = f"{f'cell {place.cell}, line ' if place.cell else 'line '}{place.line}"
    mark = f"{GLYPHS[found.status]} {WORDS[found.status]}"
    line = Text(f"  {where:<12}  {mark}  {found.code}  {found.slug}")
    start = line.plain.index(mark)
    line.stylize(STYLES[found.status], start, start + len(mark))
    return line


def _body(found: Located, width: int) -> Iterator[Text]:
    if found.source.strip():
        yield Text(f"{INDENT}> {_clean(found.source.strip())}", style="bright_black")
    yield from _wrapped(found.summary, width)
    if found.remedy is not None:
        yield from _wrapped(f"To mend: {found.remedy.text}", width)
        for command in found.remedy.commands:
            yield Text(f"{INDENT}    {_clean(command)}", style="bold")
    yield Text()


def lint_lines(result: Linted, width: int) -> Iterator[Text]:
    """Draw findings grouped by file, and a last line with the counts."""
    for path, group in groupby(result.findings, key=lambda found: found.location.path):
        yield Text(_clean(path), style="bold")
        for found in group:
            yield _headline(found)
            yield from _body(found, width)
    yield Text(last_line(result), style="bold")


def last_line(result: Linted) -> str:
    """Return the counts: of findings, or of what was read where there are none."""
    files = f"{result.num_files:,} {'file' if result.num_files == 1 else 'files'}"
    lines = f"{result.num_lines:,} {'line' if result.num_lines == 1 else 'lines'}"
    if not result.findings:
        return f"Nothing found in {files} ({lines})."
    counts = Counter(found.status for found in result.findings)
    tally = ", ".join(f"{counts[status]} {WORDS[status]}" for status in Status if counts[status])
    number = len(result.findings)
    where = len({found.location.path for found in result.findings})
    return f"Found: {number} ({tally}) in {where} of {files} ({lines}). {_hint(result.findings)}"


def _hint(findings: Sequence[Located]) -> str:
    return f"Read more: python -m diagnostics explain {findings[0].code}"

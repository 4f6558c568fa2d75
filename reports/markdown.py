"""Text as inert Markdown: nothing in it is markup, a link, a mention or a cell's end."""

import re
from collections.abc import Iterable, Iterator, Sequence

from reports.wording import shorten

_ORDINARY = re.compile(r"[\w .,:;=+%()/\[\]-]+")
_ACTIVE = re.compile(r"[][|<>&`*_\\@#~$!{}]|(?<=:)/|(?<=www)\.", re.IGNORECASE)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; its cells are written as they are."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def name(given: str) -> str:
    """Return a configuration's name as code, or escaped where it holds anything unusual."""
    short = shorten(given)
    return f"`{short}`" if _ORDINARY.fullmatch(short) and short.strip() else escaped(short)


def escaped(given: str, longest: int = 1000) -> str:
    """Return a text as one line in which nothing is active."""
    line = " ".join(shorten(given, longest).split())
    return _ACTIVE.sub(lambda match: f"&#{ord(match[0])};", line)

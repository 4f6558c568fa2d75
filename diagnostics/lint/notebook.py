"""Notebooks: the code cells of an .ipynb document as one Python text, magics blanked out."""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.lint.script import Cell

MAGIC = re.compile(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$")
ASSIGNED_MAGIC = re.compile(r"^(\s*[\w, ]+=\s*)[%!].*$")
PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%python3")


class NoNotebookError(ValueError):
    """The document is no notebook; the message says why."""


def read_cells(text: str) -> Iterator[tuple[int, str]]:
    """Yield number (from 1, all cells counted) and source of each Python code cell.

    Raises
    ------
    NoNotebookError
        Where the text is not JSON, or holds no cells.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoNotebookError(f"it is not valid JSON ({error})") from None
    if not isinstance(document, Mapping):
        raise NoNotebookError("it is JSON, but no object with cells")
    cells = document.get("cells")
    if cells is None:  # nbformat 3
        sheets = document.get("worksheets")
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        cells = first.get("cells") if isinstance(first, Mapping) else None
    if not isinstance(cells, list):
        raise NoNotebookError('it is JSON without a list of "cells"')
    if not _is_python(document.get("metadata")):
        return
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            yield number, _source(cell)


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _is_python(metadata: object) -> bool:
    if not isinstance(metadata, Mapping):
        return True
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(key)
        language = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(language, str):
            return "python" in language.lower()
    return True


def without_magics(source: str) -> str:
    """Return a cell's source with lines for IPython made harmless, line numbers kept."""
    lines = re.split(r"\r\n|\r|\n", source)
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(PYTHON_MAGICS):
        return "\n".join("" for _ in lines)
    if _parses(source):
        return "\n".join(lines)
    return "\n".join(ASSIGNED_MAGIC.sub(r"\1None", MAGIC.sub(r"\1pass", line)) for line in lines)


def _parses(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def join_cells(cells: list[tuple[int, str]]) -> tuple[str, list[Cell]]:
    """Return cells as one text, and where each begins in it."""
    lines: list[str] = []
    places: list[Cell] = []
    for number, source in cells:
        own = source.split("\n")
        places.append(Cell(number, len(lines) + 1, len(own)))
        lines += own
    return "\n".join(lines), places

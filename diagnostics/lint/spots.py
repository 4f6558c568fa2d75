"""A spot: the place in a source where a rule found something, why, and the code that is right."""

import ast
from dataclasses import dataclass
from typing import Protocol

from diagnostics.findings import Confidence


class Placed(Protocol):
    """Anything with a place in a source, as most nodes of `ast` are."""

    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


@dataclass(frozen=True)
class Spot:
    """Where a rule fires.

    Attributes
    ----------
    line, end_line : int
        From 1, in the text that was parsed.
    column, end_column : int
        From 1; the end is the first column behind it.
    message : str
        One sentence with the names found here.
    remedy : str
        One sentence: what to do.
    code : tuple of str
        The corrected code, line by line, ready to paste.
    confidence : {"certain", "likely", "possible"}
    """

    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    remedy: str
    code: tuple[str, ...]
    confidence: Confidence = "certain"


def spot_at(node: Placed, message: str, remedy: str, *code: str, confidence: Confidence = "certain") -> Spot:
    """Return a spot over a node; each piece of code may hold several lines."""
    lines = tuple(line for piece in code for line in piece.splitlines())
    end_line = node.end_lineno or node.lineno
    end_column = (node.col_offset if node.end_col_offset is None else node.end_col_offset) + 1
    return Spot(node.lineno, node.col_offset + 1, end_line, end_column, message, remedy, lines, confidence)


def source_of(node: ast.AST, limit: int = 60) -> str:
    """Return a node as code on one short line."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return "…"
    return text if len(text) <= limit else text[: limit - 1] + "…"

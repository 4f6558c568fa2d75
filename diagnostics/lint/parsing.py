"""Parsing: bytes to a Script, or to the reason why they are none."""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.lint.notebook import NoNotebookError, join_cells, read_cells, without_magics
from diagnostics.lint.script import Cell, Script

LINE_END = re.compile(r"\r\n|\r|\n")
LARGEST_BYTES = 2 * 1024**2  # of Python; the largest source in torch has 1.5 MB
TOO_LARGE = "it is larger than 2 MiB, which nothing that a person wrote is"
TOO_DEEP = "it is nested too deeply for Python's parser"
PYTHON_2 = re.compile(r"^\s*(print\s+[\"'\w]|except\s+[\w.]+\s*,\s*\w+\s*:|exec\s+[\"'])|`\w+`|\braw_input\b")


@dataclass(frozen=True)
class Unparsable:
    """A source, or a cell of one, that Python cannot parse.

    Attributes
    ----------
    line, column : int
        From 1, in the text.
    reason : str
        What the parser says.
    source : str
        The line itself.
    cell : int
        The notebook's cell that `line` is in; 0 in a Python file.
    is_of_file : bool
        The file itself is the problem, not a line: it cannot be opened, or is too large.
    """

    line: int
    column: int
    reason: str
    source: str
    cell: int = 0
    is_of_file: bool = False

    @property
    def is_python_2(self) -> bool:
        """Whether the line looks like Python 2."""
        return bool(PYTHON_2.search(self.source))


@dataclass(frozen=True)
class Parsed:
    """What became of a file: a script where it parses, and what does not."""

    script: Script | None
    problems: Sequence[Unparsable] = ()
    num_lines: int = 0


def parse_file(path: str, data: bytes) -> Parsed:
    """Parse a Python file or a notebook, by its name."""
    return parse_notebook(path, data) if path.endswith(".ipynb") else parse_python(path, data)


def parse_python(path: str, data: bytes) -> Parsed:
    """Parse Python in whatever encoding it declares."""
    num_lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if len(data) > LARGEST_BYTES:
        return Parsed(None, [Unparsable(1, 1, TOO_LARGE, "", is_of_file=True)], num_lines)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except SyntaxError as error:
        return Parsed(None, [Unparsable(1, 1, str(error), "")], num_lines)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        reason = f"byte 0x{data[error.start]:02x} is not {error.encoding}, and no other encoding is declared"
        return Parsed(None, [Unparsable(line, 1, reason, "")], num_lines)
    except LookupError as error:
        return Parsed(None, [Unparsable(1, 1, str(error), "")], num_lines)
    text = text.removeprefix("\ufeff")
    lines = LINE_END.split(text)
    module = _parse(text, lines)
    if isinstance(module, Unparsable):
        return Parsed(None, [module], num_lines)
    return Parsed(Script(path, lines, module), (), num_lines)


def _parse(text: str, lines: Sequence[str], is_notebook: bool = False) -> ast.Module | Unparsable:
    flags = ast.PyCF_ONLY_AST | (ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if is_notebook else 0)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return Unparsable(line, 1, "it contains a null byte", "")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = compile(text, "<source>", "exec", flags=flags, dont_inherit=True)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), len(lines))
        return Unparsable(line, max(error.offset or 1, 1), error.msg or "invalid syntax", lines[line - 1])
    except (RecursionError, MemoryError):
        return Unparsable(1, 1, TOO_DEEP, "")
    except ValueError as error:
        return Unparsable(1, 1, str(error), "")
    assert isinstance(module, ast.Module)
    return module


def parse_notebook(path: str, data: bytes) -> Parsed:
    """Parse the code cells of a notebook; a cell that does not parse leaves the others."""
    try:
        cells = list(read_cells(data.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return Parsed(None, [Unparsable(1, 1, "it is not UTF-8, as notebooks are", "")])
    except NoNotebookError as error:
        return Parsed(None, [Unparsable(1, 1, str(error), "")])
    kept: list[tuple[int, str]] = []
    problems: list[Unparsable] = []
    for number, source in cells:
        text = without_magics(source)
        lines = text.split("\n")
        module = _parse(text, lines, is_notebook=True)
        if isinstance(module, Unparsable):
            problems.append(Unparsable(module.line, module.column, module.reason, module.source, cell=number))
            text = "\n" * (len(lines) - 1)
        kept.append((number, text))
    joined, places = join_cells(kept)
    if len(joined) > LARGEST_BYTES:
        return Parsed(
            None, [*problems, Unparsable(1, 1, TOO_LARGE, "", is_of_file=True)], joined.count("\n") + 1
        )
    return _whole_notebook(path, joined, places, problems)


def _whole_notebook(path: str, text: str, places: list[Cell], problems: list[Unparsable]) -> Parsed:
    lines = text.split("\n") if places else []
    module = _parse(text, lines or [""], is_notebook=True)
    if isinstance(module, Unparsable):  # e.g. a __future__ import in the second cell
        return Parsed(None, [*problems, module], len(lines))
    return Parsed(Script(path, lines, module, places), problems, len(lines))

"""Linting: sources in, findings with their places out."""

import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from diagnostics.findings import Finding, Remedy, Status
from diagnostics.lint.files import SourceFile
from diagnostics.lint.parsing import Unparsable, parse_file
from diagnostics.lint.rules import does_not_parse
from diagnostics.lint.ruleset import Rule, find_rules
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot
from diagnostics.lint.suppressions import is_ignored, read_ignores

LONGEST_LINE = 120  # characters of a source line that are shown


@dataclass(frozen=True)
class Location:
    """Where a finding is.

    Attributes
    ----------
    path : str
        As it was named, with forward slashes.
    line, column, end_line, end_column : int
        From 1, in characters; the end column is the first behind it. In a notebook, lines of the cell.
    cell : int or None
        The notebook's cell, from 1, all cells counted.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    cell: int | None = None

    @property
    def text(self) -> str:
        """The place as it is shown: "train.py:42", "train.ipynb:cell 3:2"."""
        return f"{self.path}:{f'cell {self.cell}:' if self.cell else ''}{self.line}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as `--json` documents hold it."""
        place = {"path": self.path, "line": self.line, "column": self.column, "end_line": self.end_line}
        return place if self.cell is None else {**place, "cell": self.cell}


@dataclass(frozen=True)
class Located(Finding):
    """A finding with its place, and the source line there."""

    location: Location = Location("", 1, 1, 1, 1)
    source: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return finding and place in one, as `--json` documents hold it."""
        return {**super().as_dict(), "location": self.location.as_dict()}


@dataclass
class Linted:
    """What became of a set of sources."""

    findings: list[Located] = field(default_factory=list)
    num_files: int = 0
    num_lines: int = 0


def lint_sources(sources: Iterable[SourceFile], rules: Sequence[Rule] | None = None) -> Linted:
    """Lint sources, in their order; the findings of one are sorted by line."""
    result = Linted()
    for source in sources:
        found, num_lines = lint_source(source, rules)
        result.findings += found
        result.num_files += 1
        result.num_lines += num_lines
    return result


def lint_source(source: SourceFile, rules: Sequence[Rule] | None = None) -> tuple[list[Located], int]:
    """Return the findings of one source, and how many lines it has."""
    if source.problem:
        return [_of_problem(source.path, Unparsable(1, 1, source.problem, "", is_of_file=True))], 0
    parsed = parse_file(source.path, source.data)
    rules = find_rules() if rules is None else rules
    found = [_of_problem(source.path, problem) for problem in parsed.problems]
    if parsed.script is not None and (parsed.script.is_about_training or "checkup:" in parsed.script.text):
        found += _of_script(parsed.script, rules)
    return sorted(found, key=_order), parsed.num_lines


def _order(located: Located) -> tuple[int, int, int, str]:
    place = located.location
    return (place.cell or 0, place.line, place.column, located.code)


def _of_script(script: Script, rules: Sequence[Rule]) -> Iterator[Located]:
    ignores = read_ignores(script.lines)
    for rule in rules:
        try:
            spots = _once_a_place(rule.find(script))
        except RecursionError:
            continue  # an expression hundreds of levels deep: nothing that the rules know
        except Exception as error:
            yield _crashed(script, rule, error)
            continue
        for spot in spots:
            if rule.code == "LN199" or not _is_meant(script, ignores, rule, spot):
                yield _located(script, rule, spot)


def _once_a_place(spots: Iterable[Spot]) -> list[Spot]:
    """Return the first spot of each place: one handle may be kept by several datasets."""
    found: dict[tuple[int, int, int, int], Spot] = {}
    for spot in spots:
        found.setdefault((spot.line, spot.column, spot.end_line, spot.end_column), spot)
    return list(found.values())


def _is_meant(script: Script, ignores: dict[int, set[str] | None], rule: Rule, spot: Spot) -> bool:
    """Tell whether the author wants it so: a comment says it, or the failure is what is tested."""
    if any(spot.line in lines for lines in script.expected_failures):
        return True
    return bool(ignores) and is_ignored(ignores, rule.code, *_lines_of(script, spot))


def _lines_of(script: Script, spot: Spot) -> Iterable[int]:
    """Return the lines whose comments hold for a spot: its own, and those of the statement that it is in."""
    around = [
        statement
        for statement in script.statements
        if statement.lineno <= spot.line <= (statement.end_lineno or statement.lineno)
    ]
    inner = max(around, key=lambda statement: statement.lineno, default=None)
    if inner is None:
        return (spot.line,)
    if hasattr(inner, "body") or hasattr(inner, "cases"):  # of a block, the line that begins it
        return (spot.line, inner.lineno)
    return range(inner.lineno, (inner.end_lineno or inner.lineno) + 1)


def _located(script: Script, rule: Rule, spot: Spot) -> Located:
    cell = script.cell_of(spot.line)
    offset = cell.first_line - 1 if cell else 0
    text = script.lines[spot.line - 1] if spot.line <= len(script.lines) else ""
    last = script.lines[spot.end_line - 1] if spot.end_line <= len(script.lines) else ""
    location = Location(
        script.path,
        spot.line - offset,
        _characters(text, spot.column),
        spot.end_line - offset,
        _characters(last, spot.end_column),
        cell.number if cell else None,
    )
    return _finding(rule.code, rule.slug, rule.title, rule.status, spot, location, text)


def _characters(line: str, column: int) -> int:
    """Turn a column in UTF-8 bytes, as `ast` counts, into one in characters."""
    if line.isascii():
        return column
    return len(line.encode("utf-8", "replace")[: column - 1].decode("utf-8", "ignore")) + 1


def _finding(
    code: str, slug: str, title: str, status: Status, spot: Spot, location: Location, source: str
) -> Located:
    shown = source.strip()
    if len(shown) > LONGEST_LINE:
        shown = shown[: LONGEST_LINE - 1] + "…"
    evidence = (f"{location.text}: {shown}" if shown else f"{location.text}: line {location.line}",)
    remedy = Remedy(spot.remedy, spot.code)
    return Located(
        code, slug, status, title, spot.message, evidence, remedy, spot.confidence, location, shown
    )


def _of_problem(path: str, problem: Unparsable) -> Located:
    rule = does_not_parse
    spot = rule.find_in_problem(problem)
    spot = replace(spot, code=tuple(line.replace("FILE", path) for line in spot.code))
    location = Location(path, spot.line, spot.column, spot.end_line, spot.end_column, problem.cell or None)
    return _finding(rule.CODE, rule.SLUG, rule.TITLE, rule.STATUS, spot, location, problem.source)


def _crashed(script: Script, rule: Rule, error: Exception) -> Located:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    summary = f"This rule crashed, which is a fault of torch-checkup: {type(error).__name__}: {error}"
    evidence = (f"{script.path}:1: raised at {place}",)
    location = Location(script.path, 1, 1, 1, 1)
    return Located(rule.code, rule.slug, Status.CRASHED, rule.title, summary, evidence, location=location)

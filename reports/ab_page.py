"""The page of an A/B comparison, from the document that `python -m bench ab --json` writes."""

from collections.abc import Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.comparisons import Comparison, Outcome
from reports import page, tidy
from reports.comparison import forest
from reports.comparison.page import GLYPHS, STATUS, WORDS
from reports.comparison.result import Against, Row, summary
from reports.comparison.sides import Side
from reports.json_files import ResultError, cleaned, read_json
from reports.load import Run
from reports.pages import Page
from reports.parts import Cell, Overview, Part, Prose, Section, Table, cell
from reports.privacy import redacted, redactor
from reports.report import Report
from reports.values import as_number, mapping
from reports.wording import count, number, shorten

READING = (
    "**Design.** Two settings of one code alternate value by value, in random order, inside fresh "
    "processes; environments, interpreters and revisions run as whole processes in turns, A B B A. What "
    "drifts hits both sides alike, and the process (or the pair of processes) is the unit that varies.",
    "**Verdicts.** `slower` and `faster`: the difference is larger than what varies between the units, after "
    "correction for the number of comparisons (Holm). `same`: the whole interval lies within ±5 %. `unsure`: "
    "neither can be said; the reason tells how many units would.",
    "**Stopping.** A run stops early only where everything is settled at the level 0.0005, and the last look "
    "claims at 0.04 (Haybittle and Peto): looking often does not make false claims likely.",
)
LONGEST_LIST = 1000


def read(path: Path, include_private: bool = False) -> dict[str, Any] | None:
    """Return the document of an A/B comparison, redacted, or None where a file is anything else."""
    try:
        value = read_json(path)
        document, _ = cleaned(path, value) if mapping(value).get("command") == "ab" else (None, 0)
    except ResultError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("comparisons"), list):
        return None
    return document if include_private else redacted(document, redactor(document))


def page_of(document: Mapping[str, Any], title: str) -> Page:
    """Return the page in all its forms."""
    against = _against(document)
    report = Report(Run("A/B comparison", {"benchmarks": []}, {}), title or "B against A")
    overview = Section("overview", "Overview", [_overview(document, against)])
    glyphs = page.GLYPHS | GLYPHS
    return Page(
        report,
        overview,
        [
            f"{row.comparison.name}: {row.comparison.verdict}, {number(row.comparison.ratio)}"
            for row in against.rows
        ],
        lambda: page.formatted(report, _sections(document, against, overview), glyphs, WORDS),
        lambda: tidy.csv_text(pd.DataFrame(document["comparisons"][:LONGEST_LIST])),
        glyphs,
        WORDS,
    )


def _sections(document: Mapping[str, Any], against: Against, overview: Section) -> list[Section]:
    with np.errstate(over="ignore"):
        drawn = forest.drawn(against, "figure-ratios")
    compared: list[Part] = [drawn or Prose("Nothing was measured."), *_tables(document, against)]
    return [
        overview,
        Section("comparisons", "Comparisons", compared),
        Section("method", "Method", [Prose(text) for text in READING]),
    ]


def _against(document: Mapping[str, Any]) -> Against:
    told = [mapping(one) for one in document["comparisons"]][:LONGEST_LIST]
    a, b = (_side(document, letter) for letter in ("a", "b"))
    return Against(a, b, tuple(_row(one) for one in told), (), (), {}, is_same_machine=True)


def _side(document: Mapping[str, Any], letter: str) -> Side:
    settings = document.get(letter)
    name = shorten(settings, 120) if isinstance(settings, str) and settings else letter.upper()
    return Side(letter.upper(), name, ())


def _row(one: Mapping[str, Any]) -> Row:
    verdict = one.get("verdict")
    outcome = Outcome(verdict) if verdict in list(Outcome) else Outcome.UNSURE
    low, high = _number(one.get("ratio_low"), 0.0), _number(one.get("ratio_high"), float("inf"))
    reason = shorten(str(one.get("reason", "")), 600)
    name = shorten(str(one.get("name", "")), 300)
    comparison = Comparison(name, _number(one.get("ratio"), nan), low, high, outcome, reason, nan)
    return Row(comparison, nan, nan, reason)


def _number(value: object, default: float) -> float:
    number = as_number(value)
    return number if isfinite(number) else default


def _overview(document: Mapping[str, Any], against: Against) -> Overview:
    counts = against.counts()
    leading = next((outcome for outcome in (Outcome.SLOWER, Outcome.FASTER) if counts[outcome]), None)
    if leading is None:
        is_same = counts[Outcome.SAME] == len(against.rows) and against.rows
        leading = Outcome.SAME if is_same else Outcome.UNSURE
    spent = _number(document.get("seconds"), nan)
    advice = f"{against.b.name} against {against.a.name}: {summary(against)}. It took {number(spent)} s."
    verdict = f"{counts[leading]} of {count(len(against.rows), 'comparison')}."
    return Overview(STATUS[leading], verdict, shorten(advice, 1000), (), ())


def _tables(document: Mapping[str, Any], against: Against) -> list[Part]:
    reasons = [
        [
            cell(row.comparison.name),
            cell(number(row.comparison.ratio), row.comparison.ratio),
            Cell(row.reason),
        ]
        for row in against.rows
    ]
    parts: list[Part] = [Table("Why", ("configuration", "ratio", "why"), reasons)]
    failures = [
        [cell(name), Cell(shorten(str(why), 600))] for name, why in mapping(document.get("failures")).items()
    ]
    if failures:
        parts.append(Table("Given up", ("configuration", "why"), failures))
    return parts

"""SARIF 2.1.0, the format in which code hosts and editors take findings."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from diagnostics.findings import Status
from diagnostics.judge import Check
from diagnostics.lint.linting import Linted, Located
from diagnostics.lint.ruleset import Rule

VERSION = "2.1.0"
SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Status.FAIL: "error", Status.WARN: "warning", Status.CRASHED: "error"}
WINDOWS_DRIVE = re.compile(r"^[A-Za-z]:")


def as_sarif(result: Linted, rules: Sequence[Rule], folder: str = "") -> dict[str, Any]:
    """Return findings as a SARIF log.

    Parameters
    ----------
    result : Linted
    rules : sequence of Rule
        Every rule that ran; results refer to them by position.
    folder : str
        The working folder with forward slashes: absolute paths below it are made relative.

    Returns
    -------
    dict
        Ready for `json.dumps`.
    """
    positions = {rule.code: position for position, rule in enumerate(rules)}
    driver = {
        "name": "torch-checkup",
        "version": "0.1.0",
        "semanticVersion": "0.1.0",
        "rules": [_rule(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, positions, folder) for found in result.findings],
        "invocations": [{"executionSuccessful": not _has_crashed(result)}],
    }
    return {"$schema": SCHEMA_URI, "version": VERSION, "runs": [run]}


def _has_crashed(result: Linted) -> bool:
    return any(found.status == Status.CRASHED for found in result.findings)


def _rule(rule: Rule) -> dict[str, Any]:
    sections = _check(rule).sections
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.slug.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": _joined(sections.get("What it means", rule.title))},
        "help": {"text": rule.page, "markdown": _markdown(sections)},
        "defaultConfiguration": {"level": LEVELS[rule.status]},
        "properties": {"slug": rule.slug},
    }


def _check(rule: Rule) -> Check:
    return rule.as_check()


def _joined(text: str) -> str:
    return " ".join(text.split())


def _markdown(sections: dict[str, str]) -> str:
    return "\n\n".join(f"## {heading}\n\n{text}" if heading else text for heading, text in sections.items())


def _result(found: Located, positions: dict[str, int], folder: str) -> dict[str, Any]:
    place = found.location
    remedy = "" if found.remedy is None else "\n".join((found.remedy.text, *found.remedy.commands))
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(place.path, folder),
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": max(place.end_line, place.line),
                "endColumn": _end_column(found),
            },
        }
    }
    if place.cell is not None:
        location["logicalLocations"] = [{"name": f"cell {place.cell}", "kind": "module"}]
    result: dict[str, Any] = {
        "ruleId": found.code,
        "level": LEVELS[found.status],
        "message": {"text": f"{found.summary}\n{remedy}".strip()},
        "locations": [location],
        "properties": {"confidence": found.confidence, "slug": found.slug},
    }
    if found.code in positions:
        result["ruleIndex"] = positions[found.code]
    return result


def _end_column(found: Located) -> int:
    place = found.location
    return max(place.end_column, place.column) if place.end_line <= place.line else max(place.end_column, 1)


def _artifact(path: str, folder: str) -> dict[str, Any]:
    """Return a relative URI; one outside of the working folder stays absolute."""
    if folder and path.startswith(folder.rstrip("/") + "/"):
        path = path[len(folder.rstrip("/")) + 1 :]
    if WINDOWS_DRIVE.match(path):
        return {
            "uri": "file:///" + quote(PureWindowsPath(path).as_posix(), safe="/:", errors="surrogatepass")
        }
    if path.startswith("/"):
        return {"uri": "file://" + quote(path, errors="surrogateescape")}
    return {"uri": quote(PurePosixPath(path).as_posix(), errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}

"""SARIF 2.1.0: what its schema asks of the parts that are written, spelled out."""

import json
import re
from pathlib import Path

import pytest

from diagnostics.lint.files import SourceFile
from diagnostics.lint.linting import lint_sources
from diagnostics.lint.ruleset import find_rules
from diagnostics.lint.sarif import as_sarif

SOURCES = [SourceFile("folder with spaces/träin.py", rule.fires[0].encode()) for rule in find_rules()] + [
    SourceFile("/elsewhere/a.py", b"print 1\n"),
    SourceFile("/project/here/b.py", b"def f(:\n"),
]
ALLOWED = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"results", "columnKind", "invocations"}),
    "driver": ({"name"}, {"version", "semanticVersion", "rules"}),
    "rule": (
        {"id"},
        {"name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"},
    ),
    "result": ({"message"}, {"ruleId", "ruleIndex", "level", "locations", "properties"}),
    "region": (set(), {"startLine", "startColumn", "endLine", "endColumn"}),
    "artifact": (set(), {"uri", "uriBaseId"}),
}


@pytest.fixture(scope="module")
def log():
    document = as_sarif(lint_sources(SOURCES), find_rules(), "/project/here")
    return json.loads(json.dumps(document, allow_nan=False))


def has_its_keys(part, kind):
    needed, optional = ALLOWED[kind]
    return needed <= set(part) <= needed | optional


def test_log_run_and_tool_have_the_keys_that_the_schema_knows(log):
    (run,) = log["runs"]
    assert has_its_keys(log, "log")
    assert log["version"] == "2.1.0"
    assert has_its_keys(run, "run")
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    assert set(run["tool"]) == {"driver"}
    assert has_its_keys(run["tool"]["driver"], "driver")
    assert all(set(each) == {"executionSuccessful"} for each in run["invocations"])


def test_each_rule_is_described_once_with_its_page_as_help(log):
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in find_rules()]
    for rule, ours in zip(rules, find_rules(), strict=True):
        assert has_its_keys(rule, "rule")
        assert rule["help"]["text"] == ours.page
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"] == {"level": "error" if ours.status == "fail" else "warning"}


def test_each_result_points_at_its_rule_and_at_a_region(log):
    (run,) = log["runs"]
    assert len(run["results"]) >= len(SOURCES) - 2
    for result in run["results"]:
        assert has_its_keys(result, "result")
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert has_its_keys(region, "region")
        assert all(type(value) is int and value >= 1 for value in region.values())
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_paths_are_relative_uris_where_they_can_be(log):
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"] for r in log["runs"][0]["results"]]
    assert all(has_its_keys(place, "artifact") for place in places)
    uris = {place["uri"] for place in places}
    assert {"folder%20with%20spaces/tr%C3%A4in.py", "file:///elsewhere/a.py", "b.py"} == uris
    assert all(re.fullmatch(r"[A-Za-z0-9%/._:~-]+", uri) for uri in uris)


def test_it_is_valid_against_the_schema_of_the_standard():
    jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked where jsonschema is")
    notebook = {"cells": [{"cell_type": "code", "source": ["x = (\n"]}], "nbformat": 4, "metadata": {}}
    sources = [
        *SOURCES,
        SourceFile("a.ipynb", json.dumps(notebook).encode()),
        SourceFile("C:\\x\\a.py", b"def f(:\n"),
    ]
    document = as_sarif(lint_sources(sources), find_rules(), "/project/here")
    schema = json.loads((Path(__file__).parents[2] / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    errors = jsonschema.Draft4Validator(schema).iter_errors(json.loads(json.dumps(document)))
    assert [(list(error.path), error.message) for error in errors] == []


def test_a_run_without_files_or_findings_is_valid_too():
    jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked where jsonschema is")
    schema = json.loads((Path(__file__).parents[2] / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(as_sarif(lint_sources([]), find_rules()))


def test_a_file_name_that_is_no_utf_8_becomes_the_uri_of_its_bytes():
    source = SourceFile("/elsewhere/n\udcff.py", b"def f(:\n")
    document = as_sarif(lint_sources([source]), find_rules(), "/project")
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "file:///elsewhere/n%FF.py"

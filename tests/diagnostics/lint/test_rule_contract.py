"""What every rule in `diagnostics/lint/rules/` obeys; a new file there is tested without a line here."""

import ast
import inspect
import re
from importlib import import_module

import pytest

from diagnostics.findings import Status
from diagnostics.lint.ruleset import find_rules
from tests.diagnostics.lint.linted import codes, lint

HEADINGS = ["What it means", "Why it matters", "How to fix", "When it is fine", "References"]
RULES = find_rules()
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)


def module_of(rule):
    return import_module(f"diagnostics.lint.rules.{rule.slug.replace('-', '_')}")


def test_codes_and_slugs_are_their_own():
    assert len(RULES) >= 23
    for names in ([rule.code for rule in RULES], [rule.slug for rule in RULES]):
        assert len(set(names)) == len(names)


@every_rule
def test_code_slug_title_and_status_are_of_their_form(rule):
    assert re.fullmatch(r"LN1\d\d", rule.code)
    assert rule.slug == module_of(rule).SLUG
    assert rule.title.strip() == rule.title
    assert "\n" not in rule.title
    assert rule.status in {Status.WARN, Status.FAIL}


@every_rule
def test_the_page_has_its_headings_in_order_and_text_below_each(rule):
    sections = rule.as_check().sections
    assert list(sections) == ["", *HEADINGS]
    assert all(sections.values())


@every_rule
def test_it_fires_on_its_examples_with_place_evidence_and_code_to_paste(rule):
    assert rule.fires
    for source in rule.fires:
        found = [each for each in lint(source) if each.code == rule.code]
        assert found, source
        for each in found:
            assert each.status == rule.status
            assert each.evidence[0].startswith(f"train.py:{each.location.line}: ")
            assert each.remedy is not None
            assert any(line.strip() for line in each.remedy.commands)
            assert 1 <= each.location.line <= each.location.end_line <= len(source.splitlines())


@every_rule
def test_it_is_silent_on_right_code(rule):
    assert rule.silent
    for source in rule.silent:
        assert rule.code not in codes(source), source


@every_rule
def test_nothing_fires_on_the_empty_source_and_no_rule_crashes_on_any_example(rule):
    assert codes("") == []
    for source in (*rule.fires, *rule.silent):
        assert not [each for each in lint(source) if each.status == Status.CRASHED]


@every_rule
def test_a_comment_on_the_line_silences_it(rule):
    if rule.code in {"LN100", "LN199"}:
        pytest.skip("a source that does not parse has no comments; a wrong comment cannot silence itself")
    for source in rule.fires:
        lines = source.splitlines()
        places = {each.location.line for each in lint(source) if each.code == rule.code}
        for place in places:
            lines[place - 1] += f"  # checkup: ignore[{rule.code}]"
        assert rule.code not in codes("\n".join(lines) + "\n")


@every_rule
def test_it_only_looks_at_sources_and_runs_none(rule):
    tree = ast.parse(inspect.getsource(module_of(rule)))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert {name.split(".")[0] for name in imported} <= {
        "ast",
        "re",
        "collections",
        "dataclasses",
        "diagnostics",
    }
    called = {getattr(node.func, "id", "") for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & {"open", "exec", "eval", "__import__", "compile"}

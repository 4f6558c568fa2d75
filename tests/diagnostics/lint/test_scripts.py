"""Whole scripts as learners write them: each has one disease, or none."""

import json
from pathlib import Path

import pytest

from tests.diagnostics.lint.linted import lint

FOLDER = Path(__file__).parent / "scripts"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_disease_of_a_failing_script_is_found(name):
    found = lint((FOLDER / "failing" / f"{name}.txt").read_bytes(), name)
    assert EXPECTED[name] in {each.slug for each in found}


@pytest.mark.parametrize("path", sorted((FOLDER / "right").iterdir()), ids=lambda path: path.name)
def test_a_right_script_gets_no_finding(path):
    assert lint(path.read_bytes(), path.name.removesuffix(".txt")) == []


def test_there_is_no_script_without_an_expectation():
    names = {path.name.removesuffix(".txt") for path in (FOLDER / "failing").iterdir()}
    assert names == set(EXPECTED)

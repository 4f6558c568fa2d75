import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from diagnostics.judge import find_checks
from diagnostics.pages import page_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", ["DL101", "LN104"])
def test_a_page_is_the_same_where_the_interpreter_drops_docstrings(code: str) -> None:
    def explained(*options: str) -> str:
        command = [sys.executable, *options, "-m", "diagnostics", "explain", code]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert explained("-OO") == explained()
    assert "How to fix" in explained("-OO")


def test_every_check_has_a_page() -> None:
    assert all("What it means" in check.page for check in find_checks())


def test_a_module_without_source_has_an_empty_page() -> None:
    assert page_of(ModuleType("made_up")) == ""

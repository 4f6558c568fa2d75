import io
import json
from pathlib import Path

import pytest

from reports import ab_page, twins
from reports.__main__ import main


def document(**changes: object) -> dict:
    row = {"name": "loader[<b>2</b>]", "a": "a", "b": "b", "reason": "8 processes: beyond what varies"}
    numbers = {"ratio": 1.25, "ratio_low": 1.2, "ratio_high": 1.3, "verdict": "slower"}
    parts = {"a": "num_workers=1", "b": "num_workers=2", "seconds": 9.0, "failures": {"x": "died: SIGKILL"}}
    return {"schema": 1, "command": "ab", "findings": [], "comparisons": [row | numbers], **parts, **changes}


def test_the_page_shows_verdict_ratio_sides_and_what_was_given_up() -> None:
    page = ab_page.page_of(document(), "").html()
    for told in ("num_workers=2 against num_workers=1", "1.25", "slower", "8 processes", "died: SIGKILL"):
        assert told in page


def test_hostile_names_stay_text_and_two_pages_are_equal() -> None:
    page = ab_page.page_of(document(), "").html()
    assert "<b>2</b>" not in page
    assert page == ab_page.page_of(document(), "").html()


def test_glyphs_of_verdicts_are_ascii_where_the_terminal_has_no_others() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert "^ slower" in twins.terminal_text(ab_page.page_of(document(), ""), stream)


@pytest.mark.parametrize(
    "row", [{}, {"ratio": None, "verdict": "unsure"}, {"ratio": "much", "verdict": 7}, {"ratio": -1}, 5]
)
def test_an_odd_row_is_shown_as_far_as_it_can_be(row: object) -> None:
    assert "unsure" in ab_page.page_of(document(comparisons=[row]), "").html()


def test_build_tells_an_ab_document_from_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "ab.json", tmp_path / "ab.html"
    source.write_text(json.dumps(document()), encoding="utf-8")
    assert main(["build", str(source), "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert capsys.readouterr().out.splitlines()[1] == "loader[<b>2</b>]: slower, 1.25"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"command": "ab"}', '{"command": "tune", "comparisons": []}']
)
def test_anything_else_is_none_of_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    assert ab_page.read(path) is None

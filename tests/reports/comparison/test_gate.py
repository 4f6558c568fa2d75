"""`--fail-on`: what crosses it, what does not, and what is no gate."""

from pathlib import Path

import pytest

from reports.comparison import gate
from reports.load import ResultError
from tests.reports.comparison import runs


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("slower", 0.0),
        ("slower:5%", 0.05),
        ("slower:2.5%", 0.025),
        ("slower:0.05", 0.05),
        ("slower:.05", 0.05),
        ("slower: 5 %", 0.05),
        ("slower:0%", 0.0),
        ("slower:250%", 2.5),
    ],
)
def test_valid_forms_are_read(text: str, share: float) -> None:
    assert gate.parse(text).share == pytest.approx(share)


@pytest.mark.parametrize(
    "text",
    ["", "5%", "slower:", "slower:5", "slower:1", "slower:x", "slower:-5%", "slower:nan", "slower:inf",
     "slower:5%%", "faster:5%", "slower:5%,slower:1%", "median:5%", "slower:1e2%", "slower\n:5%"],
)  # fmt: skip
def test_malformed_forms_are_one_sentence_with_the_valid_form(text: str) -> None:
    with pytest.raises(ResultError) as caught:
        gate.parse(text)
    sentence = str(caught.value)
    assert "slower:5%" in sentence
    assert "slower:0.05" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("text", "number"), [("slower", 5), ("slower:5%", 5), ("slower:28%", 0), ("slower:40%", 0)]
)
def test_only_a_whole_interval_beyond_the_limit_crosses(text: str, number: int, tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    found = runs.compared(tmp_path, a, [runs.scaled(document, 1.285) for document in b])
    assert runs.verdicts(found.against[0]) == {"slower"}
    assert len(gate.parse(text).crossed(found)) == number


def test_an_unsure_ratio_beyond_the_limit_does_not_cross(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [runs.ours()], [runs.scaled(runs.ours(1), 1.3)])
    assert found.against[0].rows[0].comparison.ratio > 1.25
    assert gate.parse("slower:5%").crossed(found) == []


def test_an_unsure_interval_beyond_the_limit_does_not_cross(tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    found = runs.compared(tmp_path, a, [runs.dragged(document, 1.3) for document in b])
    assert all(row.comparison.low > 1.05 for row in found.against[0].rows)
    assert gate.parse("slower:5%").crossed(found) == []


def test_faster_does_not_cross(tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    found = runs.compared(tmp_path, a, [runs.scaled(document, 0.7) for document in b])
    assert runs.verdicts(found.against[0]) == {"faster"}
    assert gate.parse("slower").crossed(found) == []


def test_the_line_names_number_limit_ratio_and_interval(tmp_path: Path) -> None:
    a, b = runs.three(runs.plain)
    found = runs.compared(tmp_path, a, [runs.scaled(document, 1.3) for document in b])
    limit = gate.parse("slower:2.5%")
    line = gate.line(limit, limit.crossed(found), found)
    assert line.startswith("2 of 2 configurations are slower by more than 2.5 %: test_")
    assert "(1.30, 95 % interval 1.2" in line


def test_a_name_with_line_breaks_stays_in_the_line_and_many_are_counted(tmp_path: Path) -> None:
    a, b = runs.three(runs.plain)
    for document in (*a, *b):
        first = document["benchmarks"][0]
        document["benchmarks"] = [first | {"name": f"n\n{i}", "fullname": f"t.py::n\n{i}"} for i in range(8)]
    found = runs.compared(tmp_path, a, [runs.scaled(document, 1.3) for document in b])
    limit = gate.parse("slower")
    line = gate.line(limit, limit.crossed(found), found)
    assert "\n" not in line
    assert line.endswith(" and 3 more.")

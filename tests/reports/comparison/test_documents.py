"""JSON and CSV."""

import csv
import io
from pathlib import Path

from reports.comparison import documents
from reports.tidy import FORMULA
from tests.reports.comparison import runs
from tests.reports.test_page import HOSTILE

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", 'a,b"c\nd|e')


def hostile(number: int) -> runs.Document:
    document = runs.plain(number)
    first = document["benchmarks"][0]
    names = (*FORMULAS, *HOSTILE)
    document["benchmarks"] = [first | {"name": name, "fullname": f"tests/t.py::{name}"} for name in names]
    return document


def test_the_document_has_the_promised_keys_and_values(tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    removed = b[0]["benchmarks"][0]["name"]
    for document in b:
        del document["benchmarks"][0]
        document["machine_info"]["facts"]["torch.version"]["value"] = "2.6.0"
    found = runs.compared(tmp_path, a, [runs.scaled(document, 1.3) for document in b])
    data = runs.strict(documents.json_text(found))
    assert (data["schema"], data["command"], data["findings"]) == (1, "compare", [])
    assert len(data["comparisons"]) == 4
    for one in data["comparisons"]:
        assert one["ratio_low"] < one["ratio"] < one["ratio_high"]
        assert (one["a"], one["b"], one["verdict"]) == ("A", "B", "slower")
        assert (
            one["b_seconds"] / one["a_seconds"] == one["ratio"]
            or abs(one["b_seconds"] / one["a_seconds"] - one["ratio"]) < 1e-9
        )
        assert "3 pairs of runs in turns" in one["reason"]
    assert [(one["name"], one["kind"]) for one in data["missing"]] == [(removed, "missing")]
    assert data["facts"] == [
        {"key": "torch.version", "a": "A", "b": "B", "a_value": "2.13.0", "b_value": "2.6.0"}
    ]
    assert [[run["label"] for run in side["runs"]] for side in data["sides"]] == [
        ["a0.json", "a1.json", "a2.json"],
        ["b0.json", "b1.json", "b2.json"],
    ]


def test_a_ratio_that_nothing_bounds_is_null_and_the_document_strict(tmp_path: Path) -> None:
    constant = runs.plain(0, rounds=1)
    data = runs.strict(documents.json_text(runs.compared(tmp_path, [constant] * 3, [constant] * 3)))
    assert [(one["ratio"], one["ratio_low"], one["ratio_high"]) for one in data["comparisons"]] == [
        (1.0, None, None),
        (1.0, None, None),
    ]


def test_csv_has_one_line_a_configuration_compared_or_not(tmp_path: Path) -> None:
    cut = runs.ours(1)
    removed = cut["benchmarks"].pop()["name"]
    lines = list(
        csv.DictReader(io.StringIO(documents.csv_text(runs.compared(tmp_path, [runs.ours()], [cut]))))
    )
    assert len(lines) == 5
    assert (lines[-1]["verdict"], lines[-1]["name"], lines[-1]["ratio"]) == ("on one side only", removed, "")
    assert float(lines[0]["ratio_low"]) < float(lines[0]["ratio"]) < float(lines[0]["ratio_high"])


def test_hostile_names_are_one_cell_each_and_no_formula(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [hostile(0)], [hostile(1)])
    lines = list(csv.reader(io.StringIO(documents.csv_text(found))))
    assert {len(line) for line in lines} == {len(documents.COLUMNS)}
    assert len(lines) == 1 + len(FORMULAS) + len(HOSTILE)
    names = {line[1] for line in lines[1:]}
    assert "'=1+1" in names
    assert not [cell for line in lines for cell in line if cell.startswith(FORMULA)]

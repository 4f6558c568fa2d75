import json
from pathlib import Path

import pytest

from reports.load import ResultError, read_run
from reports.values import as_number
from tests.reports import results

NAN = float("nan")
ALL_NAN = {"benchmarks": [{"name": "a", "stats": {"median": NAN, "mean": NAN, "rounds": 3}}]}
DEEP = b'{"benchmarks": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

UNUSABLE = {
    "empty": (b"", "is empty"),
    "only spaces": (b" \n ", "is empty"),
    "truncated": (b'{"benchmarks": [{"name": "a", "stats": {"median": 1.0', "breaks off"),
    "truncated in a name": (b'{"benchmarks": [{"na', "breaks off"),
    "no JSON": (b"Traceback (most recent call last):", "is no JSON"),
    "binary": (bytes(range(128, 256)) * 8, "is no text"),
    "a list": (b"[1, 2]", "holds a JSON list"),
    "a string": (b'"hello"', "holds a JSON str"),
    "no benchmarks key": (b'{"a": 1}', "JSON of another shape"),
    "benchmarks no list": (b'{"benchmarks": {"a": 1}}', "JSON of another shape"),
    "benchmarks empty": (b'{"benchmarks": []}', "no benchmark"),
    "entries without stats": (b'{"benchmarks": [{"name": "a"}, 3]}', "JSON of another shape"),
    "every value NaN": (json.dumps(ALL_NAN).encode(), "no finite measurement"),
    "nested deeply": (DEEP, "nested too deeply"),
    "endless integer": (b'{"benchmarks": [' + b"9" * 5000 + b"]}", "number too long"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_file_gives_one_sentence_with_name_fault_and_expectation(kind: str, tmp_path: Path) -> None:
    content, fault = UNUSABLE[kind]
    path = tmp_path / "given.json"
    path.write_bytes(content)
    with pytest.raises(ResultError) as caught:
        read_run(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert fault in sentence
    assert "expected a pytest-benchmark result" in sentence
    assert "\n" not in sentence


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"nowhere\.json does not exist"):
        read_run(tmp_path / "nowhere.json")


def test_folder_given_as_a_file_is_refused_by_read_run(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        read_run(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_editors_write_are_read(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    text = json.dumps(results.plain(version="é"), ensure_ascii=False).replace(", ", ",\r\n")
    path.write_bytes(text.encode(encoding))
    run = read_run(path)
    assert run.document["version"] == "é"
    assert len(run.benchmarks) == 2


def test_oldest_shape_with_hardly_any_field_is_read(tmp_path: Path) -> None:
    entry = {"name": "a", "group": None, "params": None, "stats": {"median": 1.0}}
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]}))
    assert run.when is None
    assert run.suite == {}
    assert run.facts == {}


def test_nan_counts_as_missing_and_is_noted(tmp_path: Path) -> None:
    document = results.plain()
    document["benchmarks"][0]["stats"]["stddev"] = NAN
    document["benchmarks"][1]["stats"]["max"] = float("inf")
    run = read_run(results.write(tmp_path / "r.json", document))
    assert run.notes == (
        "2 values of the file are NaN, infinite or absurdly large; they are treated as missing.",
    )


def test_entries_without_stats_are_left_out_and_noted(tmp_path: Path) -> None:
    document = results.plain()
    document["benchmarks"] += [{"name": "broken"}, "text"]
    run = read_run(results.write(tmp_path / "r.json", document))
    assert len(run.benchmarks) == 2
    assert run.notes == ("2 entries of the file have no `stats`; they are left out.",)


def test_control_and_direction_characters_and_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    document = results.plain(version="a\u202eb\x00c\ud800d\ne")
    run = read_run(results.write(tmp_path / "r.json", document))
    assert run.document["version"] == "a\ufffdb\ufffdc\ufffdd\ne"


def test_endless_names_are_cut(tmp_path: Path) -> None:
    run = read_run(results.write(tmp_path / "r.json", results.plain(version="x" * 10_000)))
    assert len(run.document["version"]) == 2001


@pytest.mark.parametrize(("value", "expected"), [(3, 3.0), (2.5, 2.5)])
def test_numbers_are_numbers(value: float, expected: float) -> None:
    assert as_number(value) == expected


@pytest.mark.parametrize("value", [True, "1", None, [1], 10**400, 1e200, float("inf")])
def test_everything_else_is_nan(value: object) -> None:
    assert as_number(value) != as_number(value)

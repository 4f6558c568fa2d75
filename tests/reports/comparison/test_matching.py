"""Nothing is dropped in silence, and different things under one name are not compared."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.reports.comparison import runs


def missing(tmp_path: Path, a: runs.Document, b: runs.Document) -> list[tuple[str, str, str]]:
    found = runs.against(tmp_path, [a], [b])
    return [(one.name, one.kind, one.reason) for one in found.missing]


def test_a_configuration_removed_from_either_side_is_listed(tmp_path: Path) -> None:
    whole, cut = runs.ours(), runs.ours(1)
    removed = cut["benchmarks"].pop(2)["name"]
    assert missing(tmp_path, whole, cut) == [(removed, "missing", "not in b0.json")]
    assert missing(tmp_path, cut, whole) == [(removed, "missing", "not in a0.json")]


def test_a_configuration_that_failed_or_was_skipped_is_listed_with_the_reason(tmp_path: Path) -> None:
    whole, cut = runs.ours(), runs.ours(1)
    hung, skipped = (cut["benchmarks"].pop()["name"] for _ in range(2))
    cut["torch_checkup"]["failures"] = [{"name": hung, "kind": "hung", "reason": "no batch within 60 s"}]
    cut["torch_checkup"]["skipped"] = [{"fullname": f"bench/b.py::{skipped}", "reason": "no CUDA"}]
    reasons = {name: reason for name, _, reason in missing(tmp_path, whole, cut)}
    assert reasons == {
        hung: "hung in b0.json: no batch within 60 s",
        skipped: "skipped in b0.json: no CUDA",
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"params": {"mode": "eval"}}, "parameter mode train against eval"),
        ({"params": {"mode": "train", "depth": 3}}, "parameter depth absent against 3"),
        ({"unit": "sample"}, "per unit call against sample"),
        ({"figures": {"moved_bytes": 5e8}}, "workload moved_bytes 1e+08 against 5e+08"),
        ({"figures": {"batch_size": 8}}, "workload batch_size absent against 8"),
        ({"study": {"num_epochs": 30}}, "workload num_epochs absent against 30"),
    ],
)
def test_other_parameters_units_and_workloads_under_one_name_are_refused(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    first, other = runs.ours(), runs.ours(1)
    entry = other["benchmarks"][0]
    extra = entry["extra_info"]
    entry["params"] = entry["params"] | change.get("params", {})
    extra["unit"] = change.get("unit", extra["unit"])
    extra |= {"study": change["study"]} if "study" in change else {}
    for measured in extra["passes"]:
        measured["figures"] |= change.get("figures", {})
    found = missing(tmp_path, first, other)
    assert found == [(entry["name"], "refused", f"not the same on both sides: {reason}")]


def test_another_folder_in_front_and_another_group_are_the_same_configuration(tmp_path: Path) -> None:
    first, other = runs.plain(), runs.plain(1)
    for document, folder in ((first, "tests/"), (other, "C:\\work\\tests\\")):
        for entry in document["benchmarks"]:
            entry["fullname"] = f"{folder}test_a.py::{entry['name']}[a/b]"
            entry["group"] = folder
    assert len(runs.against(tmp_path, [first], [other]).rows) == 2


def test_a_parameter_object_at_another_address_is_the_same_parameter(tmp_path: Path) -> None:
    first, other = runs.plain(), runs.plain(1)
    for document, address in ((first, "0x7f01"), (other, "0x7fff")):
        for entry in document["benchmarks"]:
            entry["params"] = {"model": f"UNSERIALIZABLE[<Model object at {address}>]"}
    assert len(runs.against(tmp_path, [first], [other]).rows) == 2


def test_twice_the_same_entry_in_a_file_is_two_configurations(tmp_path: Path) -> None:
    document = runs.plain()
    document["benchmarks"].append(copy.deepcopy(document["benchmarks"][0]))
    found = runs.against(tmp_path, [document], [runs.plain(1)])
    assert len(found.rows) == 2
    assert [(one.name, one.kind) for one in found.missing] == [("test_parse #2", "missing")]


def test_entries_of_one_name_are_told_apart_by_their_parameters_not_their_order(tmp_path: Path) -> None:
    made = []
    for number, sizes in enumerate(((1, 8), (8, 1))):
        document = runs.plain(number)
        entry = document["benchmarks"][0]
        document["benchmarks"] = [entry | {"params": {"size": size}} for size in sizes]
        made.append(document)
    found = runs.against(tmp_path, [made[0]], [made[1]])
    assert len(found.rows) == 2
    assert found.missing == ()


def test_times_in_another_quantity_are_refused(tmp_path: Path) -> None:
    document = {
        "benchmarks": [{"metadata": {"name": "x", "unit": "byte"}, "runs": [{"values": [4096.0, 4096.0]}]}],
        "version": "1.0",
    }
    assert missing(tmp_path, document, document) == [
        ("x", "refused", "not the same on both sides: measured in byte, not in seconds")
    ]

"""Which runs form which side, and every fact that matters is named."""

from pathlib import Path
from typing import Any

import pytest

from reports.comparison import reading, shown, sides
from reports.comparison.sides import Side
from reports.load import ResultError
from tests.reports import results
from tests.reports.comparison import runs


def arranged(folder: Path, documents: dict[str, runs.Document], arguments: list[str]) -> list[Side]:
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        results.write(path, document)
    given, _ = reading.read_sides([[folder / argument] for argument in arguments])
    return sides.arranged(given, is_explicit=False)


def members(found: list[Side]) -> list[list[str]]:
    return [[given.label for given in side.members] for side in found]


def test_two_files_are_a_and_b_in_the_order_given(tmp_path: Path) -> None:
    found = arranged(tmp_path, {"x.json": runs.ours(), "y.json": runs.ours(1)}, ["y.json", "x.json"])
    assert [(side.letter, side.name) for side in found] == [("A", "y.json"), ("B", "x.json")]


def test_two_folders_are_two_sides_of_all_results_below_them(tmp_path: Path) -> None:
    documents = {f"{folder}/{i}.json": runs.ours(i) for i in range(2) for folder in ("old", "new")}
    found = arranged(tmp_path, documents | {"old/other.json": {"a": 1}}, ["old", "new"])
    assert members(found) == [["old/0.json", "old/1.json"], ["new/0.json", "new/1.json"]]
    assert [side.name for side in found] == ["A", "B"]


def test_a_pattern_stands_for_what_it_matches(tmp_path: Path) -> None:
    documents = {f"{name}{i}.json": runs.ours(i) for i in range(2) for name in "xy"}
    assert members(arranged(tmp_path, documents, ["x*.json", "y*.json"])) == [
        ["x0.json", "x1.json"],
        ["y0.json", "y1.json"],
    ]


def test_more_files_of_several_machines_become_one_side_a_machine(tmp_path: Path) -> None:
    documents = {
        "1.json": runs.ours(0),
        "2.json": runs.ours(1, cpu__model_name="Another CPU"),
        "3.json": runs.ours(2, cpu__load_1min=9.0, system__kernel_version="6.9"),
    }
    assert members(arranged(tmp_path, documents, list(documents))) == [["1.json", "3.json"], ["2.json"]]


def test_more_files_of_one_machine_are_each_compared_with_the_first(tmp_path: Path) -> None:
    documents = {f"{i}.json": runs.ours(i) for i in range(3)}
    assert members(arranged(tmp_path, documents, list(documents))) == [["0.json"], ["1.json"], ["2.json"]]


def test_one_result_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="at least two"):
        arranged(tmp_path, {"1.json": runs.ours()}, ["1.json"])


def test_one_machine_twice_differs_in_nothing_whatever_moves_on_it(tmp_path: Path) -> None:
    moved = runs.ours(
        1,
        cpu__load_1min=7.5,
        cpu__frequency_hertz=3.1e9,
        cpu__steal_fraction=0.4,
        memory__available_bytes=5,
        system__kernel_version="6.9",
    )
    found = runs.against(tmp_path, [runs.ours()], [moved])
    assert found.facts == ()
    assert found.is_same_machine
    assert shown.machines(found) == "One machine: nothing that matters differs."


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("cpu.model_name", "B CPU", ("A CPU", "B CPU")),
        ("cpu.usable_cores", 4, ("2", "4")),
        ("cpu.quota_cores", 1.5, ("none", "1.5")),
        ("gpu.0.model_name", "NVIDIA H100", ("NVIDIA T4", "NVIDIA H100")),
        ("gpu.count", 2, ("1", "2")),
        ("gpu.driver_version", "560.2", ("550.1", "560.2")),
        ("memory.cgroup_limit_bytes", 1000, ("none", "1,000")),
        ("memory.total_bytes", 1000, ("2,000", "1,000")),
        ("process.default_start_method", "forkserver", ("fork", "forkserver")),
        ("python.version", "3.14.0", ("3.11.7", "3.14.0")),
        ("torch.version", "2.6.0", ("2.13.0", "2.6.0")),
        ("torch.cuda_version", None, ("12.8", "none")),
        ("torch.intra_op_threads", 1, ("2", "1")),
        ("environment.OMP_NUM_THREADS", "1", ("not set", "1")),
        ("environment.OMP_NUM_THREADS", "hunter2", ("not set", "(hidden)")),
    ],
)
def test_a_fact_that_matters_is_named_with_both_values(
    key: str, value: Any, told: tuple[str, str], tmp_path: Path
) -> None:
    found = runs.against(tmp_path, [runs.ours()], [runs.ours(1, **{key.replace(".", "__"): value})])
    assert [(fact.key, fact.a, fact.b) for fact in found.facts] == [(key, *told)]
    assert not found.is_same_machine
    assert shown.machines(found) == "1 fact that matters differs:"


def test_a_fact_recorded_on_one_side_only_is_no_difference_but_is_said(tmp_path: Path) -> None:
    without = runs.ours(1)
    for key in ("gpu.driver_version", "environment.OMP_NUM_THREADS"):  # the second holds no value anyway
        del without["machine_info"]["facts"][key]
    found = runs.compared(tmp_path, [runs.ours()], [without])
    assert found.against[0].facts == ()
    assert found.against[0].is_same_machine
    assert found.notes[0] == (
        "Recorded by one of a0.json and b0.json only, so not compared: gpu.driver_version."
    )


def test_a_gpu_is_named_beside_a_machine_that_has_none(tmp_path: Path) -> None:
    without = runs.ours(1, gpu__count=0)
    for key in ("gpu.0.model_name", "gpu.driver_version"):
        del without["machine_info"]["facts"][key]
    found = runs.against(tmp_path, [without], [runs.ours()])
    assert [(f.key, f.a, f.b) for f in found.facts] == [
        ("gpu.0.model_name", "none", "NVIDIA T4"),
        ("gpu.count", "0", "1"),
        ("gpu.driver_version", "none", "550.1"),
    ]


def test_gpus_that_one_side_did_not_count_are_no_difference(tmp_path: Path) -> None:
    uncounted, none = runs.ours(), runs.ours(1, gpu__count=0)
    for key in ("gpu.0.model_name", "gpu.driver_version", "gpu.count"):
        del uncounted["machine_info"]["facts"][key]
    for key in ("gpu.0.model_name", "gpu.driver_version"):
        del none["machine_info"]["facts"][key]
    assert runs.against(tmp_path, [uncounted], [none]).facts == ()


def test_memory_that_a_kernel_counts_a_little_differently_is_the_same(tmp_path: Path) -> None:
    first, second = (
        runs.ours(memory__total_bytes=8_000_000_000),
        runs.ours(1, memory__total_bytes=8_100_000_000),
    )
    assert runs.against(tmp_path, [first], [second]).facts == ()


def test_files_of_other_suites_are_told_apart_by_their_own_record(tmp_path: Path) -> None:
    other = runs.plain(1)
    other["machine_info"] |= {"cpu": {"brand_raw": "B CPU", "count": 2}, "node": "elsewhere"}
    found = runs.against(tmp_path, [runs.plain()], [other])
    assert [(f.key, f.a, f.b) for f in found.facts] == [("cpu.model_name", "A CPU", "B CPU")]


def test_a_side_that_mixes_machines_is_said(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [runs.ours(), runs.ours(1, torch__version="2.6.0")], [runs.ours(2)])
    assert "A mixes runs of different machines" in found.notes[0]
    assert [(f.key, f.a, f.b) for f in found.against[0].facts] == [
        ("torch.version", "2.13.0 | 2.6.0", "2.13.0")
    ]


def test_copies_of_one_run_are_said(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [runs.ours()], [runs.ours()])
    assert found.notes[0] == (
        "A and B hold the same run (a0.json, b0.json): a copy is no second measurement."
    )


def test_runs_that_began_at_one_moment_are_said(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [runs.ours()], [runs.scaled(runs.ours(), 1.3)])
    assert found.notes[0] == (
        "A and B hold runs that began at the same moment (a0.json, b0.json): copies, edited?"
    )


def test_a_run_that_was_cut_off_and_a_machine_that_is_not_recorded_are_said(tmp_path: Path) -> None:
    cut = runs.ours()
    cut["torch_checkup"]["complete"] = False
    found = runs.compared(tmp_path, [cut], [runs.plain(1) | {"machine_info": {}}])
    assert "a0.json was cut off before its last pass." in found.notes
    assert "b0.json does not say on which machine it was measured." in found.notes


def test_same_names_in_different_folders_are_told_apart(tmp_path: Path) -> None:
    documents = {"left/0001.json": runs.ours(), "right/0001.json": runs.ours(1)}
    found = arranged(tmp_path, documents, list(documents))
    assert [side.name for side in found] == ["left/0001.json", "right/0001.json"]


@pytest.mark.parametrize(("include_private", "names"), [(False, ["(hidden)"]), (True, ["ann", "bob"])])
def test_whose_home_a_file_lies_in_is_hidden(include_private: bool, names: list[str], tmp_path: Path) -> None:
    paths = [tmp_path / "home" / name / "x.json" for name in ("ann", "bob")]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        results.write(path, runs.ours(number))
    (given,), _ = reading.read_sides([paths], include_private)
    assert {name for one in given for name in ("ann", "bob", "(hidden)") if name in one.label} == set(names)


def test_one_file_given_twice_gives_two_names(tmp_path: Path) -> None:
    found = arranged(tmp_path, {"x.json": runs.ours()}, ["x.json", "x.json"])
    assert [side.name for side in found] == ["x.json (A)", "x.json (B)"]

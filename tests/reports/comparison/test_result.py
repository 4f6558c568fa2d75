"""Verdicts: what is claimed, and what must not be."""

import copy
from pathlib import Path

import pytest

from reports.comparison.result import summary
from tests.reports.comparison import runs


def test_twins_are_same_or_unsure_everywhere_with_ratio_1(tmp_path: Path) -> None:
    found = runs.against(tmp_path, [runs.ours()], [runs.ours()])
    assert len(found.rows) == 5
    assert runs.verdicts(found) <= {"same", "unsure"}
    assert all(row.comparison.ratio == pytest.approx(1) for row in found.rows)


def test_three_twins_a_side_are_same_or_unsure_everywhere(tmp_path: Path) -> None:
    found = runs.against(tmp_path, *runs.three(runs.ours))
    assert len(found.rows) == 5
    assert runs.verdicts(found) <= {"same", "unsure"}


@pytest.mark.parametrize("passes", [True, False], ids=["stats and passes", "stats only"])
def test_times_30_percent_up_are_slower_by_3_tenths_where_three_runs_a_side_back_it(
    passes: bool, tmp_path: Path
) -> None:
    a, b = runs.three(runs.ours)
    found = runs.against(tmp_path, a, [runs.scaled(document, 1.3, passes=passes) for document in b])
    assert runs.verdicts(found) == {"slower"}
    for row in found.rows:
        assert row.comparison.ratio == pytest.approx(1.3, rel=0.02)
        assert row.comparison.low > 1.2
        assert row.comparison.high < 1.4


def test_passes_that_disagree_with_the_median_are_scaled_and_it_is_said(tmp_path: Path) -> None:
    edited = runs.scaled(runs.ours(1), 1.3, passes=False)
    found = runs.compared(tmp_path, [runs.ours()], [edited])
    assert found.notes[0].startswith("b0.json: `stats.median` of 5 configurations disagrees with the passes")
    row = found.against[0].rows[0]
    assert row.b_seconds / row.a_seconds == pytest.approx(1.3, rel=0.02)


def test_one_run_a_side_is_unsure_however_much_slower_by_a_third(tmp_path: Path) -> None:
    found = runs.against(tmp_path, [runs.ours()], [runs.scaled(runs.ours(1), 1.3)])
    assert runs.verdicts(found) == {"unsure"}


def test_unequal_numbers_of_identical_runs_are_no_difference(tmp_path: Path) -> None:
    documents = [runs.ours(i) for i in range(5)]
    found = runs.against(tmp_path, documents[:1], documents[1:])
    assert len(found.rows) == 5
    assert runs.verdicts(found) <= {"same", "unsure"}


@pytest.mark.parametrize("sides", [(1, 1), (1, 3), (3, 3)])
def test_one_sample_a_run_is_no_difference(sides: tuple[int, int], tmp_path: Path) -> None:
    made = [runs.plain(i, rounds=1) for i in range(sum(sides))]
    found = runs.against(tmp_path, made[: sides[0]], made[sides[0] :])
    assert len(found.rows) == 2
    assert runs.verdicts(found) <= {"same", "unsure"}


@pytest.mark.parametrize("factor", [1.0, 1.3])
def test_constant_data_is_unsure_for_want_of_any_spread(factor: float, tmp_path: Path) -> None:
    constant = runs.plain(0, rounds=1)
    found = runs.against(tmp_path, [constant] * 3, [runs.scaled(constant, factor)] * 3)
    assert len(found.rows) == 2
    assert runs.verdicts(found) == {"unsure"}


def test_nan_in_one_run_never_becomes_a_verdict(tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    for key in runs.TIMES:
        b[0]["benchmarks"][0]["stats"][key] = runs.NAN
    for measured in b[0]["benchmarks"][0]["extra_info"]["passes"]:
        measured["seconds"] = runs.NAN
    found = runs.against(tmp_path, a, b)
    assert runs.verdicts(found) <= {"same", "unsure"}
    (partial,) = found.missing
    assert (partial.kind, partial.name) == ("partial", a[0]["benchmarks"][0]["name"])
    assert partial.reason == "not in 1 of 3 runs of B: b0.json"


@pytest.mark.parametrize("value", [runs.NAN, float("inf"), 0.0, -1.0, None, "1", 1e300])
def test_times_that_are_none_on_a_whole_side_are_listed_with_the_reason(
    value: object, tmp_path: Path
) -> None:
    document = runs.plain(1)
    for key in runs.TIMES:
        document["benchmarks"][0]["stats"][key] = value
    found = runs.against(tmp_path, [runs.plain()], [document])
    assert [row.comparison.name for row in found.rows] == ["test_render"]
    assert [(one.name, one.kind) for one in found.missing] == [("test_parse", "missing")]
    assert found.missing[0].reason == "b0.json holds no usable time (NaN, zero or negative)"


def test_slower_comes_first_then_faster_unsure_and_same(tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    for document in b:
        entries = document["benchmarks"]
        entries[1] = runs.scaled({"benchmarks": [entries[1]]}, 1.5)["benchmarks"][0]
        entries[3] = runs.scaled({"benchmarks": [entries[3]]}, 2.0)["benchmarks"][0]
        entries[2] = runs.scaled({"benchmarks": [entries[2]]}, 0.5)["benchmarks"][0]
    found = runs.against(tmp_path, a, b)
    assert [str(row.comparison.verdict) for row in found.rows[:3]] == ["slower", "slower", "faster"]
    assert found.rows[0].comparison.ratio > found.rows[1].comparison.ratio
    assert summary(found).startswith("2 slower, 1 faster, ")


def test_references_that_moved_alike_take_the_claim_back_on_one_machine(tmp_path: Path) -> None:
    a, b = runs.three(runs.ours)
    found = runs.against(tmp_path, a, [runs.dragged(document, 1.3) for document in b])
    assert len(found.rows) == 5
    assert runs.verdicts(found) == {"unsure"}


def test_on_one_hardware_the_references_hold_back_a_claim_about_another_torch_too(tmp_path: Path) -> None:
    a, b = [runs.ours(i) for i in range(3)], [runs.ours(i, torch__version="2.6.0") for i in (3, 4, 5)]
    dragged = runs.against(tmp_path, a, [runs.dragged(document, 1.3) for document in b])
    assert runs.verdicts(dragged) == {"unsure"}
    elsewhere = [runs.ours(i, cpu__model_name="B CPU") for i in (3, 4, 5)]
    other = runs.against(tmp_path, a, [runs.dragged(document, 1.3) for document in elsewhere])
    assert runs.verdicts(other) == {"slower"}


def test_the_reason_names_another_torch_and_other_threads(tmp_path: Path) -> None:
    other = runs.ours(1, torch__version="2.6.0", environment__OMP_NUM_THREADS="1")
    for entry in other["benchmarks"]:
        entry["extra_info"]["passes"][0]["figures"]["num_threads"] = 4
    first = runs.ours()
    for entry in first["benchmarks"]:
        entry["extra_info"]["passes"][0]["figures"]["num_threads"] = 1
    for row in runs.against(tmp_path, [first], [other]).rows:
        assert "torch.version 2.13.0 against 2.6.0" in row.reason
        assert "environment.OMP_NUM_THREADS not set against 1" in row.reason
        assert "threads 1 against 4" in row.reason


def test_the_reason_says_what_rounds_alone_cannot_show(tmp_path: Path) -> None:
    for row in runs.against(tmp_path, [runs.plain()], [runs.plain(1)]).rows:
        assert "rounds of one process cannot show what varies between runs" in row.reason
    for row in runs.against(tmp_path, [runs.ours()], [runs.ours(1)]).rows:
        assert "rounds of one process" not in row.reason


def test_names_that_two_configurations_share_stay_two_comparisons(tmp_path: Path) -> None:
    document = runs.plain()
    other = copy.deepcopy(document["benchmarks"][0]) | {"fullname": "tests/other.py::test_parse"}
    document["benchmarks"][0]["fullname"] = "tests/one.py::test_parse"
    document["benchmarks"].append(other)
    found = runs.against(tmp_path, [document], [document])
    names = sorted(row.comparison.name for row in found.rows)
    assert names == ["test_parse (one.py, test_parse)", "test_parse (other.py, test_parse)", "test_render"]

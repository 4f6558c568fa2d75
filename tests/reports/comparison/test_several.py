"""Three machines and more: order, heat map, curves."""

import copy
from pathlib import Path

import pytest

from reports.comparison import heat_map, loader_curves, page, ranking
from reports.comparison.result import Result
from tests.reports import results
from tests.reports.comparison import runs
from tests.reports.comparison.runs import Document


def machine(name: str, factor: float, number: int) -> Document:
    """Return a run of a machine of that name, all of whose times are multiplied."""
    document = runs.scaled(runs.ours(number, cpu__model_name=name), factor)
    document["torch_checkup"]["started"] = f"2026-03-0{len(name)}T1{number}:00:00+00:00"
    return document


def compared(folder: Path, factors: dict[str, float], num_runs: int = 3) -> Result:
    groups = [[machine(name, factor, n) for n in range(num_runs)] for name, factor in factors.items()]
    return runs.of_groups(folder, groups)


def test_a_place_is_taken_only_where_a_verdict_gives_it(tmp_path: Path) -> None:
    result = compared(tmp_path, {"a": 1.0, "bb": 1.5, "ccc": 1.002, "dddd": 3.0})
    whole = ranking.ranked(result)[0]
    assert whole.group == ranking.EVERYTHING
    assert [(place.side.letter, place.rank) for place in whole.places] == [
        ("A", 1),
        ("C", 1),
        ("B", 3),
        ("D", 4),
    ]
    assert whole.places[2].against_baseline is not None
    assert whole.places[2].against_baseline.ratio == pytest.approx(1.5, rel=0.01)


def test_one_run_a_machine_ranks_only_what_drift_cannot_explain(tmp_path: Path) -> None:
    result = compared(tmp_path, {"a": 1.0, "bb": 1.2, "ccc": 40.0}, num_runs=1)
    assert [place.rank for place in ranking.ranked(result)[0].places] == [1, 1, 3]


def test_two_sides_have_no_ranking(tmp_path: Path) -> None:
    result = compared(tmp_path, {"a": 1.0, "bb": 1.5})
    assert ranking.ranked(result) == []
    assert heat_map.drawn(result) is None


def test_what_one_machine_lacks_is_left_out_of_every_order_and_empty_in_the_map(tmp_path: Path) -> None:
    groups = [[machine(name, 1.0, n) for n in range(3)] for name in ("a", "bb", "ccc")]
    name = groups[0][0]["benchmarks"][0]["name"]
    for document in groups[2]:
        del document["benchmarks"][0]
    result = runs.of_groups(tmp_path, groups)
    whole = ranking.ranked(result)[0]
    assert whole.num_configurations == len(groups[0][0]["benchmarks"]) - 1
    drawn = heat_map.drawn(result)
    assert drawn is not None
    row = next(row for row in drawn.table.rows if row[0].text == name)
    assert [cell.text[:1] for cell in row[1:]] == ["1", "–"]


def test_the_map_names_the_largest_difference(tmp_path: Path) -> None:
    drawn = heat_map.drawn(compared(tmp_path, {"a": 1.0, "bb": 1.5, "ccc": 0.2}))
    assert drawn is not None
    assert "takes 0.200 times as long" in drawn.title
    assert "(faster)" in drawn.title


def test_curves_stand_side_by_side(tmp_path: Path) -> None:
    documents = []
    for number, name in enumerate(("a", "bb", "ccc")):
        document = copy.deepcopy(results.ours())
        document["machine_info"]["facts"] = runs.ours(0, cpu__model_name=name)["machine_info"]["facts"]
        document["torch_checkup"]["started"] = f"2026-03-0{number + 1}T10:00:00+00:00"
        documents.append([document])
    drawn = loader_curves.drawn(runs.of_groups(tmp_path, documents))
    assert drawn is not None
    assert drawn.title.startswith("image: 389 samples/s on")
    assert {row[1].text for row in drawn.table.rows} == {"A", "B", "C"} or len(drawn.table.rows) == 36


def test_the_page_holds_all_of_it_and_is_the_same_twice(tmp_path: Path) -> None:
    result = compared(tmp_path, {"a": 1.0, "bb": 1.5, "ccc": 1.002})
    html = page.render(result, "")
    assert html == page.render(result, "")
    assert html.index('id="ranking"') < html.index('id="figure-heat-map"') < html.index('id="comparisons"')
    assert html.count('data-filter="') == 3


def test_five_machines_and_two_hundred_benchmarks_fit_two_megabytes(tmp_path: Path) -> None:
    groups = []
    for number in range(5):
        names = [f"test_of_a_benchmark_with_a_name_of_usual_length[{i}-cpu-{2 * i}]" for i in range(200)]
        entries = [
            results.plain_entry(name, [0.01 * (1 + number / 10 + i / 200)] * 3)
            for i, name in enumerate(names)
        ]
        document = results.plain(benchmarks=entries, machine_info={"cpu": {"brand_raw": f"CPU {number}"}})
        groups.append([document | {"datetime": f"2026-03-0{number + 1}T10:00:00"}])
    result = runs.of_groups(tmp_path, groups)
    assert sum(len(each.rows) for each in result.against) == 800
    assert len(page.render(result, "").encode()) < 2_000_000

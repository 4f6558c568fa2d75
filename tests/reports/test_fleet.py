"""Pages about many machines; `python -m tests.reports.fleet` shows what a thousand of them cost."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports import pages, summaries
from reports.fleet import first_screen
from reports.fleet.machines import FEWEST_PEERS, Fleet, deviations, unusual_facts
from reports.inputs import Reading
from reports.load import Run, run_of
from reports.summaries import Summary
from tests.reports import fleet, results

KEYS = [("loader_throughput", f"bench[{number}]") for number in range(20)]
MIB = 2**20


def machines(
    num_machines: int, num_models: int = 1, seed: int = 0, factors: dict[int, Any] | None = None
) -> Fleet:
    """Return a fleet of normal log-times; `factors` multiply the times of single machines."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(num_machines):
        log_seconds = 0.04 * random.standard_normal() + 0.02 * random.standard_normal(len(KEYS))
        seconds = np.exp(log_seconds) * (factors or {}).get(number, 1.0)
        found.append(
            Summary(
                name=f"{number}.json",
                host=f"node-{number}",
                label=f"{number}.json",
                model=f"model {number % num_models}",
                facts={"torch.version": "2.6.0" if number in (factors or {}) else "2.13.0"},
                when=None,
                seconds=dict(zip(KEYS, map(float, seconds), strict=True)),
                problems={},
                num_passes=0,
                num_disturbed=0,
            )
        )
    return Fleet(found)


@pytest.fixture(scope="module")
def small_fleet(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Twelve machines of three models; one of them half as fast."""
    folder = tmp_path_factory.mktemp("fleet")
    documents = [fleet.machine(n, num_configurations=6, slow=2.0 if n == 7 else 1.0) for n in range(30)]
    return [run_of(folder / f"{n:04d}.json", document) for n, document in enumerate(documents)]


def test_fleets_without_a_deviating_machine_are_hardly_ever_accused() -> None:
    accused = sum(bool(deviations(machines(40, num_models=2, seed=seed))) for seed in range(60))
    assert accused <= 6


def test_machine_that_is_slow_as_a_whole_is_told_once_with_its_ratio() -> None:
    (found,) = deviations(machines(40, factors={7: 1.4}))
    assert (found.machine, found.key, found.num_peers) == (7, None, 40)
    assert found.ratio == pytest.approx(1.4, rel=0.1)


def test_machine_that_is_slow_in_one_configuration_is_told_there() -> None:
    factor = np.ones(len(KEYS))
    factor[3] = 1.5
    (found,) = deviations(machines(40, factors={7: factor}))
    assert (found.machine, found.key) == (7, KEYS[3])
    assert found.ratio == pytest.approx(1.5, rel=0.1)


def test_a_machine_without_any_usable_time_hides_no_figure_of_the_others() -> None:
    known = machines(8)
    whole = Fleet([*known.summaries, replace(known.summaries[0], host="stopped", seconds={})])
    answer = first_screen.cards(whole, [])[1].answers[0]
    assert answer == first_screen.cards(known, [])[1].answers[0]


def test_too_few_peers_tell_nothing() -> None:
    assert deviations(machines(FEWEST_PEERS - 1, factors={0: 3.0})) == []


def test_small_differences_of_very_regular_machines_are_none() -> None:
    regular = machines(40)
    for number, one in enumerate(regular.summaries):
        one.seconds.update(dict.fromkeys(KEYS, 1.03 if number == 0 else 1.0))
    assert deviations(regular) == []


def test_facts_that_differ_from_the_peers_are_pointed_out() -> None:
    told = unusual_facts(machines(20, factors={3: 1.0}))
    assert told[3] == {"torch.version": ("2.6.0", "2.13.0")}
    assert not any(told[:3] + told[4:])


def test_several_results_of_one_machine_are_one_machine() -> None:
    twice = [*machines(10).summaries, *machines(10, seed=1).summaries]
    assert len(Fleet(twice).machines) == 10
    log_seconds = Fleet(twice).log_seconds
    expected = np.log([twice[0].seconds[KEYS[0]], twice[10].seconds[KEYS[0]]]).mean()
    assert log_seconds.iloc[0, 0] == pytest.approx(expected)


def test_page_names_who_deviates_the_slowest_and_the_fastest(small_fleet: list[Run]) -> None:
    page = pages.built(small_fleet)
    assert page.head.verdict == "1 of 30 machines deviates from others of their model."
    slowest, fastest = (part for part in page.overview.parts if part.kind == "table")
    assert slowest.caption == "The 10 slowest machines"  # type: ignore[union-attr]
    assert slowest.rows[0][0].text == "0007.json"  # type: ignore[union-attr]
    assert slowest.rows[0][4].text == "deviates"  # type: ignore[union-attr]
    assert fastest.caption == "The 10 fastest machines"  # type: ignore[union-attr]
    assert page.lines[0] == page.head.verdict


def test_page_shows_distributions_and_is_the_same_in_every_build(small_fleet: list[Run]) -> None:
    first, second = (pages.built(small_fleet).html() for _ in range(2))
    assert first == second
    assert 'id="figure-fleet-models"' in first
    assert 'id="figure-fleet-configurations"' in first
    assert "Intel Xeon Platinum 8480+, 56 cores" in first
    assert "node-0007" not in first


def test_data_of_a_fleet_hold_one_line_a_machine(small_fleet: list[Run]) -> None:
    rows = list(csv.DictReader(io.StringIO(pages.built(small_fleet).csv())))
    assert len(rows) == 30
    assert len(rows[0]) == 2 + 6


def test_what_a_machine_did_not_measure_is_named(small_fleet: list[Run], tmp_path: Path) -> None:
    less = run_of(tmp_path / "less.json", fleet.machine(99, num_configurations=4))
    assert "2 configurations that not every machine measured" in pages.built([*small_fleet, less]).html()


def test_two_machines_get_a_page_without_verdicts_on_them(small_fleet: list[Run]) -> None:
    page = pages.built(small_fleet[:2])
    assert page.head.status == "unknown"
    assert page.head.verdict == "2 machines of 2 models."
    assert "The slowest machine" in page.html()


def test_machines_that_share_nothing_get_a_page(small_fleet: list[Run], tmp_path: Path) -> None:
    plain = run_of(tmp_path / "plain.json", results.plain(machine_info={"node": "elsewhere"}))
    assert "test_parse" in pages.built([small_fleet[0], plain]).html()


def test_five_machines_of_200_benchmarks_take_less_than_two_mebibytes(tmp_path: Path) -> None:
    for number in range(5):
        entries = [
            results.plain_entry(f"test_{n}[{'x' * 40}]", [1e-3 * (n + 1), 1.1e-3 * (n + 1)])
            for n in range(200)
        ]
        machine = {"node": f"node-{number}", "cpu": {"brand_raw": "A CPU", "count": 8}}
        results.write(tmp_path / f"{number}.json", results.plain(benchmarks=entries, machine_info=machine))
    text = pages.built(Reading().runs([tmp_path])).html()
    assert len(text.encode()) < 2 * MIB


def test_only_the_newest_run_is_kept_whole(tmp_path: Path) -> None:
    fleet.write(tmp_path, 3, num_configurations=2)
    newest, found = summaries.collected(Reading().runs([tmp_path]))
    assert newest.name == found[0].name
    assert not any(isinstance(value, Run) for one in found for value in vars(one).values())

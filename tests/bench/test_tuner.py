import argparse
import json
import random
from math import nan
from pathlib import Path
from typing import Any

import pytest

from bench import tuner, tuner_grid, tuner_workloads
from bench.__main__ import main
from bench.commands import CommandError
from bench.tuner import Choice, Row
from bench.tuner_grid import Setting
from bench.user_data import load
from diagnostics.intervals import Interval


def grid_of(*rates: float) -> dict[Setting, float]:
    numbers = (0, 1, 2, 4, 8, 16)
    return {Setting(number): rate for number, rate in zip(numbers, rates, strict=True)}


def row(fraction: Interval, num_trials: int = 4, seconds: float = 9.0) -> Row:
    best = Choice("grid", Setting(8), 31, 60.0)
    return Row("waiting", [best, Choice("tune", Setting(6), num_trials, seconds, fraction)])


GOOD = Interval(0.99, 0.98, 1.0, 7)


def test_the_stream_has_samples_before_anybody_asks_for_an_epoch() -> None:
    assert len(next(iter(tuner_workloads.iterable()))) == 8


def test_every_workload_makes_a_batch() -> None:
    for name in tuner_workloads.NAMES:
        data = load(tuner.target_of(name))
        assert data.batch_size == 16, name


def test_the_grid_varies_order_and_prefetching_only_where_workers_have_them() -> None:
    grid = list(tuner_grid.settings())
    assert len(grid) == len(set(grid))
    assert [one for one in grid if not one.num_workers] == [Setting(0)]
    assert {one.in_order for one in grid if one.num_workers == 1} == {True}
    assert {(one.prefetch_factor, one.in_order) for one in grid if one.num_workers == 8} == {
        (2, True),
        (2, False),
        (4, True),
        (4, False),
    }


@pytest.mark.parametrize(
    ("rates", "chosen", "num_trials"),
    [
        ((100, 3, 2, 2, 2, 2), 0, 3),
        ((7, 7, 14, 28, 56, 100), 16, 6),
        ((10, 10, 18, 19, 40, 40), 4, 4),
    ],
)
def test_doubling_stops_at_the_first_small_gain(
    rates: tuple[float, ...], chosen: int, num_trials: int
) -> None:
    assert tuner_grid.doubled(grid_of(*rates)) == (Setting(chosen), num_trials)


@pytest.mark.parametrize(
    ("recommended", "setting"),
    [
        ({"num_workers": 0, "in_order": False}, Setting(0)),
        ({"num_workers": 8, "prefetch_factor": 4, "in_order": False}, Setting(8, 4, False)),
        ({"num_workers": 2, "prefetch_factor": None, "in_order": None}, Setting(2)),
        ({"num_workers": 2, "multiprocessing_context": "other"}, Setting(2, start_method="other")),
    ],
)
def test_a_recommendation_becomes_a_setting_of_the_grid(
    recommended: dict[str, Any], setting: Setting
) -> None:
    assert Setting.of(recommended) == setting


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        (row(GOOD), "reached"),
        (row(Interval(0.95, 0.90, 1.0, 7)), "unsure"),
        (row(Interval(0.95, 0.94, 0.96, 7)), "missed"),
        (row(Interval(1.0, nan, nan, 1)), "reached"),
        (row(GOOD, num_trials=6), "missed"),
        (row(GOOD, seconds=16.0), "missed"),
    ],
)
def test_the_goal_asks_for_throughput_few_trials_and_little_time(made: Row, verdict: str) -> None:
    assert made.verdict == verdict


def test_settings_are_measured_in_turns_and_closed() -> None:
    order: list[int] = []
    closed: list[int] = []

    result = argparse.Namespace(figures={"samples_per_second": 5.0})

    class Loader:
        def __init__(self, setting: Setting) -> None:
            self.setting = setting
            self.num_workers, self.seconds_per_batch = setting.num_workers, 0.5

        def measure(self, seconds: float, until: float) -> Any:
            assert seconds == max(0.5, 6 * 0.5 * self.num_workers)
            order.append(self.setting.num_workers)
            return result

        def close(self) -> None:
            closed.append(self.setting.num_workers)

    rates = tuner_grid.in_turns([Setting(0), Setting(2)], Loader, random.Random(1))  # type: ignore[arg-type]
    assert {one.num_workers: len(values) for one, values in rates.items()} == {0: 8, 2: 8}
    assert all(set(order[at : at + 2]) == {0, 2} for at in range(0, 14, 2))
    assert sorted(closed) == [0, 2]


def test_the_grid_its_finalists_the_rules_and_the_chosen_setting_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few: dict[str, Any] = {"WORKERS": (0, 1), "PREFETCH_FACTORS": (2,), "REPETITIONS": 1, "SECONDS": 0.01}
    for name, value in {**few, "ROUNDS": 2, "ROUND_SECONDS": 0.01, "TUTORIAL_WORKERS": 1}.items():
        monkeypatch.setattr(tuner_grid, name, value)
    told = tuner_grid.measure(tuner.target_of("trivial"), Setting(0), 1)
    assert told["num_trials"] == 2
    assert [one["num_workers"] for one in told["finalists"]] == [0, 1]
    assert {one["name"] for one in told["rules"]} >= {"default", "Lightning", "tutorial", "doubling"}
    assert all(len(one["rates"]) == 2 for one in told["rates"])


def test_the_document_holds_every_choice_without_nan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = Choice("Lightning", Setting(1), 0, nan, Interval(0.1, nan, nan, 1))
    made = Row("waiting", [*row(GOOD).choices, rule])
    monkeypatch.setattr(tuner, "row_of", lambda workload, budget, seed: made)
    target = tmp_path / "t.json"
    options = argparse.Namespace(workloads=["waiting"], budget=60.0, seed=0, json=target)
    assert tuner.compare(options) == 0
    told = json.loads(target.read_text(encoding="utf-8"))["workloads"][0]
    assert [one["method"] for one in told["choices"]] == ["grid", "tune", "Lightning"]
    assert told["choices"][2]["seconds"] is None
    assert "0.99 of the best" in capsys.readouterr().out


def test_an_unknown_workload_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tuner", "--workloads", "trivial", "huge"]) == 2
    assert "no workload 'huge'" in capsys.readouterr().err


def test_a_dataset_that_cannot_be_tuned_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken_for_tuner.py"
    path.write_text(
        "class Broken:\n"
        "    def __len__(self):\n        return 9\n"
        "    def __getitem__(self, index):\n        raise ValueError('sample is broken')\n"
        "broken = Broken()\n",
        encoding="utf-8",
    )
    with pytest.raises(CommandError, match=r"could not be tuned: .*raised ValueError"):
        tuner.tune(f"{path}:broken", 10.0)


def test_the_best_of_equals_is_not_flattered_by_luck() -> None:
    """Three finalists that are as good as the one that was chosen, each measured with 5 % of noise."""
    chance = random.Random(0)
    settings = [Setting(number) for number in (2, 3, 4, 8)]
    estimates = []
    for _ in range(200):
        rates = {one: [chance.lognormvariate(0.0, 0.05) for _ in range(8)] for one in settings}
        estimates.append(tuner.fraction(rates, settings[0], settings[1:]).estimate)
    assert sum(estimates) / len(estimates) == pytest.approx(1.0, abs=0.005)


def test_a_setting_that_is_the_only_finalist_reaches_all_of_the_best() -> None:
    rates = {Setting(2): [1.0, 1.2, 0.9, 1.1]}
    assert tuner.fraction(rates, Setting(2), [Setting(2)]).estimate == pytest.approx(1.0)

import math
from pathlib import Path
from typing import Any

import pytest

from reports import headlines
from reports.load import Run, read_run
from tests.reports import results


def loader_run(tmp_path: Path, rates: dict[tuple[str, int], list[float]], **changes: Any) -> Run:
    """Make a run from samples per second in each pass; NaN stands for a pass that was not measured."""
    entries = [
        results.entry(
            "loader_throughput",
            "sample",
            {"workload": "image", "device": "cpu", "start_method": method, "num_workers": workers},
            1.0,
            figures={"samples_per_second": lambda n, values=values: values[n]},
        )
        for (method, workers), values in rates.items()
    ]
    for made, values in zip(entries, rates.values(), strict=True):
        passes = made["extra_info"]["passes"]
        passes[:] = [one for one, value in zip(passes, values, strict=True) if math.isfinite(value)]
    return read_run(results.write(tmp_path / "loader.json", {"benchmarks": entries} | changes))


def test_fewest_workers_within_three_percent_of_the_best_are_enough(tmp_path: Path) -> None:
    rates = {
        ("in-process", 0): [100.0] * 3,
        ("fork", 1): [96.0] * 3,
        ("fork", 2): [194.5] * 3,
        ("fork", 4): [200.0] * 3,
    }
    (answer,) = headlines.workers(loader_run(tmp_path, rates))
    assert (answer.workload, answer.start_method, answer.num_workers) == ("image", "fork", 2)
    assert answer.throughput.estimate == pytest.approx(194.5)
    assert answer.perhaps is None


def test_four_percent_below_the_best_are_not_enough(tmp_path: Path) -> None:
    rates = {("fork", 2): [192.0] * 3, ("fork", 4): [200.0] * 3}
    (answer,) = headlines.workers(loader_run(tmp_path, rates))
    assert answer.num_workers == 4
    assert answer.factor is None


def test_factor_is_paired_so_that_drift_of_whole_passes_cancels(tmp_path: Path) -> None:
    rates = {("in-process", 0): [100.0, 50.0, 200.0], ("fork", 2): [180.0, 90.0, 360.0]}
    (answer,) = headlines.workers(loader_run(tmp_path, rates))
    assert answer.factor is not None
    assert (answer.factor.low, answer.factor.estimate, answer.factor.high) == pytest.approx((1.8, 1.8, 1.8))


def test_passes_that_one_side_lacks_are_left_out_of_the_factor(tmp_path: Path) -> None:
    rates = {("in-process", 0): [100.0, 100.0, 100.0], ("fork", 2): [200.0, 200.0, float("nan")]}
    (answer,) = headlines.workers(loader_run(tmp_path, rates))
    assert answer.factor is not None
    assert answer.factor.num_values == 2


def test_workers_that_never_help_give_zero(tmp_path: Path) -> None:
    rates = {("in-process", 0): [100.0] * 3, ("fork", 1): [20.0] * 3, ("fork", 2): [30.0] * 3}
    (answer,) = headlines.workers(loader_run(tmp_path, rates))
    assert answer.num_workers == 0


def test_fewer_workers_that_noise_does_not_tell_apart_are_named(tmp_path: Path) -> None:
    rates = {
        ("in-process", 0): [100.0, 101.0, 99.0],
        ("fork", 2): [150.0, 260.0, 190.0],
        ("fork", 4): [240.0, 230.0, 250.0],
    }
    (answer,) = headlines.workers(loader_run(tmp_path, rates))
    assert (answer.num_workers, answer.perhaps) == (4, 2)


def test_start_method_with_the_whole_curve_is_chosen(our_run: Run) -> None:
    assert {answer.start_method for answer in headlines.workers(our_run)} == {"fork"}


@pytest.mark.parametrize("default", ["fork", "spawn"])
def test_machines_default_decides_between_equally_wide_curves(tmp_path: Path, default: str) -> None:
    rates = {("spawn", 1): [1.0] * 3, ("fork", 1): [1.0] * 3}
    facts = {"process.default_start_method": {"value": default, "unit": "", "source": ""}}
    (answer,) = headlines.workers(loader_run(tmp_path, rates, machine_info={"facts": facts}))
    assert answer.start_method == default


def test_share_of_a_step_has_its_interval_over_passes(our_run: Run) -> None:
    batch_norm, dropout = headlines.step_costs(our_run)
    assert batch_norm.layer == "batch norm"
    assert batch_norm.share.estimate == pytest.approx(0.18)
    # 0.17, 0.18 and 0.19: standard error 0.01 / sqrt(3), Student's t for 2 degrees of freedom 4.3027
    assert batch_norm.share.low == pytest.approx(0.18 - 4.3027 * 0.01 / 3**0.5, abs=1e-5)
    assert dropout.share.estimate == pytest.approx(0.35)


def test_weight_decay_compares_the_best_with_none_seed_by_seed(our_run: Run) -> None:
    answer = headlines.weight_decay(our_run)
    assert answer is not None
    assert answer.best == 3.0
    # every seed gains 0.057, odd seeds 0.001 * sqrt(3) more: their own level cancels
    assert answer.gain.estimate == pytest.approx(0.057 + 0.0005 * 3**0.5)
    assert answer.gain.num_values == 8
    assert answer.gain.high - answer.gain.low < 0.002
    assert answer.gap_without.estimate == pytest.approx(0.136 - 0.0, abs=1e-9)


def test_too_much_decay_starts_where_it_is_surely_worse_than_none(our_run: Run) -> None:
    answer = headlines.weight_decay(our_run)
    assert answer is not None
    assert answer.harmful_from == 30.0


def test_study_without_zero_decay_has_no_answer(tmp_path: Path) -> None:
    study = {"rows": [row for row in results.study()["rows"] if row["weight_decay"]]}
    entry = results.entry("weight_decay", "epoch", {}, 1.0, study=study)
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]}))
    assert headlines.weight_decay(run) is None


def test_steadiness_names_the_reference_that_varied_most(our_run: Run) -> None:
    steady = headlines.steadiness(our_run)
    assert steady.num_passes == 3
    assert steady.drifting == "copy"
    assert steady.steal == pytest.approx(0.004)


def test_file_of_another_suite_has_no_answers(plain_run: Run) -> None:
    assert headlines.workers(plain_run) == []
    assert headlines.step_costs(plain_run) == []
    assert headlines.weight_decay(plain_run) is None
    assert headlines.steadiness(plain_run).num_passes == 0


def test_workload_that_only_another_start_method_ran_is_answered_with_that(tmp_path: Path) -> None:
    document = results.ours()
    params = {"workload": "text", "device": "cpu", "start_method": "spawn", "num_workers": 2}
    document["benchmarks"].append(results.entry("loader_throughput", "sample", params, 0.01))
    answer = headlines.workers(read_run(results.write(tmp_path / "r.json", document)))[-1]
    assert (answer.workload, answer.start_method, answer.num_workers) == ("text", "spawn", 2)


def test_validation_chooses_the_decay_and_the_test_only_judges_it(tmp_path: Path) -> None:
    document = results.ours()
    study = document["benchmarks"][-1]["extra_info"]["study"]
    for row in study["rows"]:
        row["validation_accuracy"] = 0.9 if row["weight_decay"] == 1.0 else 0.8
        row["gap_accuracy"] = 0.05
    answer = headlines.weight_decay(read_run(results.write(tmp_path / "r.json", document)))
    assert answer is not None
    assert answer.best == 1.0
    assert answer.gap.estimate == pytest.approx(0.05)

from pathlib import Path

import pytest

from reports import frames
from reports.load import Run, read_run
from tests.reports import results


def test_passes_hold_one_row_a_configuration_and_pass(our_run: Run) -> None:
    frame = frames.passes(our_run)
    assert len(frame) == 3 * len(our_run.benchmarks)
    assert not frame.duplicated(["configuration", "pass"]).any()


def test_passes_carry_parameters_figures_companions_and_references(our_run: Run) -> None:
    row = frames.passes(our_run, "batchnorm_step").iloc[1]
    assert row["device"] == "cpu"
    assert row["share_of_step"] == pytest.approx(0.18)
    assert row["companion_without_seconds"] == pytest.approx(0.041 * 1.03)
    assert row["arithmetic_seconds"] == pytest.approx(0.0103)


def test_configurations_hold_one_row_an_entry_of_any_file(plain_run: Run) -> None:
    frame = frames.configurations(plain_run)
    assert list(frame["name"]) == ["test_parse", "test_render"]
    assert list(frame["median"]) == [0.012, 3e-6]
    assert list(frame["num_passes"]) == [0, 0]


def test_median_is_found_in_the_data_or_the_mean_where_it_lacks(tmp_path: Path) -> None:
    entries = [
        {"name": "a", "stats": {"mean": 9.0, "data": [1.0, 2.0, 5.0]}},
        {"name": "b", "stats": {"mean": 4.0}},
    ]
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": entries}))
    assert list(frames.configurations(run)["median"]) == [2.0, 4.0]


def test_duplicated_names_stay_two_rows(tmp_path: Path) -> None:
    entry = results.plain_entry("twice", [1.0, 2.0, 3.0])
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry, entry]}))
    assert len(frames.configurations(run)) == 2


def test_loader_falls_back_on_seconds_where_the_figure_lacks(tmp_path: Path) -> None:
    params = {"workload": "image", "device": "cpu", "start_method": "fork", "num_workers": 2}
    document = {"benchmarks": [results.entry("loader_throughput", "sample", params, 0.01)]}
    run = read_run(results.write(tmp_path / "r.json", document))
    assert frames.loader(run)["samples_per_second"].iloc[0] == pytest.approx(100)


def test_loader_leaves_out_rows_without_a_number_of_workers(tmp_path: Path) -> None:
    rows = [
        results.entry("loader_throughput", "sample", {"workload": "w", "num_workers": n}, 0.01)
        for n in ("many", 1, 1.5, -1, 1e308, True, None)
    ]
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": rows}))
    assert set(frames.loader(run)["num_workers"]) == {1}


def test_workload_names_the_device_where_there_are_several(tmp_path: Path) -> None:
    rows = [
        results.entry("loader_throughput", "sample", {"workload": "w", "device": d, "num_workers": 1}, 0.01)
        for d in ("cpu", "cuda")
    ]
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": rows}))
    assert list(frames.loader(run)["workload"].unique()) == ["w → cpu", "w → cuda"]


def test_share_of_step_is_derived_from_the_companion_where_it_lacks(tmp_path: Path) -> None:
    entry = results.entry("dropout_step", "step", {"device": "cpu"}, 0.05, companions={"without": 0.04})
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]}))
    assert list(frames.steps(run)["share_of_step"]) == pytest.approx([0.2, 0.2, 0.2])


def test_reference_is_relative_to_the_median_of_the_run(our_run: Run) -> None:
    frame = frames.reference(our_run)
    arithmetic = frame[frame["kind"] == "arithmetic"]
    assert list(arithmetic["relative"]) == pytest.approx([1.0, 1.03, 0.98])


def test_study_without_seeds_is_no_study(tmp_path: Path) -> None:
    study = {"rows": [{"weight_decay": 0.0, "test_accuracy": 0.5}]}
    entry = results.entry("weight_decay", "epoch", {}, 1.0, study=study)
    assert frames.weight_decay(read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]}))).empty


def test_files_of_other_suites_have_no_topic_frames(plain_run: Run) -> None:
    for frame in (frames.loader, frames.layers, frames.steps, frames.weight_decay, frames.reference):
        assert frame(plain_run).empty
    assert not frames.is_ours(plain_run)


def test_a_fact_that_is_no_number_is_not_taken_for_no_limit(tmp_path: Path) -> None:
    facts = {"cpu.quota_cores": {"value": float("nan"), "unit": "cores", "source": ""}}
    run = read_run(results.write(tmp_path / "r.json", results.plain(machine_info={"facts": facts})))
    assert run.facts["cpu.quota_cores"].value is not None

"""The contract of every figure, and that titles say what the data say."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports import canvas, figures, looks, sections, studies
from reports.figures import (
    claims,
    device_transfer,
    effective_rates,
    held_data,
    layer_roof,
    layer_variants,
    learning_curves,
    loader_arguments,
    loader_throughput,
    reference_drift,
    regularizer_accuracy,
    regularizer_comparisons,
    regularizer_gap,
    regularizer_weights,
    residual_step,
    saved_activations,
    shape_cliffs,
    sparsity,
    start_methods,
    step_share,
    timings,
    transfers,
    weight_decay,
    worker_start_up,
)
from reports.load import Run, read_run
from reports.parts import Drawn
from tests.reports import results

EVERY = pytest.mark.parametrize(
    "module", figures.modules(), ids=lambda module: module.__name__.rpartition(".")[2]
)


@pytest.fixture(scope="module")
def both_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with something for every figure: ours, and a benchmark of another suite."""
    document = results.ours()
    document["benchmarks"] += results.plain()["benchmarks"]
    return read_run(results.write(tmp_path_factory.mktemp("both") / "both.json", document))


@EVERY
def test_figure_is_drawn_with_labelled_axes(module: ModuleType, both_run: Run) -> None:
    with canvas.style():
        figure = module.draw(both_run)
    assert isinstance(figure, Figure)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert shown
    lowest = {axes.get_subplotspec().colspan.start: axes for axes in shown}
    assert all(axes.get_xlabel() for axes in lowest.values())
    leftmost = [axes for axes in shown if axes.get_subplotspec().colspan.start == 0]
    assert all(axes.get_ylabel() or axes.get_yticklabels() for axes in leftmost)


@EVERY
def test_figure_has_title_caption_and_the_numbers_it_shows(module: ModuleType, both_run: Run) -> None:
    drawn = figures.drawn(both_run, module)
    assert isinstance(drawn, Drawn)
    assert any(character.isdigit() for character in drawn.title)
    assert len(drawn.caption) > 80
    assert drawn.table.rows
    assert {len(row) for row in drawn.table.rows} == {len(drawn.table.columns)}


@EVERY
def test_figure_stands_in_a_section_that_exists(module: ModuleType) -> None:
    sources = "".join(
        Path(str(section.__file__)).read_text(encoding="utf-8") for section in sections.modules()
    )
    assert f'figures.of_section(report.run, "{module.SECTION}")' in sources.replace("(run,", "(report.run,")


@EVERY
def test_figure_is_absent_where_there_is_nothing_to_draw(
    module: ModuleType, our_run: Run, plain_run: Run
) -> None:
    assert module.draw(our_run if module is timings else plain_run) is None


def test_loader_title_names_workers_and_rate_of_each_workload(our_run: Run) -> None:
    title = loader_throughput.title(our_run)
    assert title == "2 workers are enough for image here: 389 samples/s; 0 for tiny: 249,000; 4 for wait: 387"


def test_loader_axes_start_at_zero_and_tick_whole_workers(our_run: Run) -> None:
    with canvas.style():
        axes = loader_throughput.draw(our_run).axes[0]
    assert axes.get_ylim()[0] == 0
    assert list(axes.get_xticks()) == [0, 1, 2, 4]


def test_ideal_line_is_one_worker_times_the_smaller_of_workers_and_cores(our_run: Run) -> None:
    with canvas.style():
        axes = loader_throughput.draw(our_run).axes[0]
    ideal = axes.get_lines()[-1]
    one = 210 / (1.0 * 1.03 * 0.98) ** (1 / 3) * (0.99 * 1.01) ** (1 / 3)
    assert list(ideal.get_xdata()) == [1, 2, 4]
    assert list(ideal.get_ydata()) == pytest.approx([one, 2 * one, 2 * one])


def test_ideal_line_is_absent_without_known_cores(tmp_path: Path) -> None:
    run = read_run(results.write(tmp_path / "r.json", results.ours(machine_info={})))
    assert "not drawn" in loader_throughput.caption(run)
    with canvas.style():
        ideal = loader_throughput.draw(run).axes[0].get_lines()[-1]
    assert np.isnan(ideal.get_ydata()).all()


def test_start_title_compares_quickest_and_slowest(our_run: Run) -> None:
    title = start_methods.title(our_run)
    assert title == "2 workers started by fork give the first batch after 100 ms, by spawn after 10.4 s"


def test_start_measured_once_claims_no_interval(our_run: Run) -> None:
    assert "timed once" in start_methods.caption(our_run)
    assert {row[4].text for row in start_methods.table(our_run).rows} == {"no interval from one value"}


def test_start_up_title_compares_the_preload(our_run: Run) -> None:
    assert worker_start_up.title(our_run) == (
        "2 workers deliver after 60.2 ms when started by fork, by forkserver after 1.81 s"
    )
    assert "took up to 1.50 s" in worker_start_up.caption(our_run)


def test_held_data_title_tells_the_list_from_the_array(our_run: Run) -> None:
    assert held_data.title(our_run) == (
        "Over an epoch each worker grows by 308 KiB with a numpy array "
        "and by 60.2 MiB with a list of bytes of 64.0 MiB"
    )


def test_arguments_title_names_the_largest_change(our_run: Run) -> None:
    assert loader_arguments.title(our_run).startswith("tiny: batch_size=256 gives ×6.43 of 16")


def test_layer_titles_state_shares(our_run: Run) -> None:
    assert step_share.title(our_run) == "Batch norm takes 18 % and dropout takes 35 % of a training step here"
    assert layer_roof.title(our_run).startswith("Batch norm reaches 65 % and dropout reaches 14 %")
    assert "keeps 12.2 MiB and dropout keeps 3.05 MiB" in saved_activations.title(our_run)


def test_dropout_in_evaluation_has_no_bar_since_it_moves_nothing(our_run: Run) -> None:
    bounded = layer_roof.bounded(our_run)
    assert set(bounded.loc[bounded["layer"] == "dropout", "mode"]) == {"train"}


def test_weight_decay_title_and_axis_state_the_study(our_run: Run) -> None:
    assert (
        weight_decay.title(our_run)
        == "Weight decay 3 lifts test accuracy from 86.4 % to 92.2 % (+5.8 points; 8 seeds)"
    )
    with canvas.style():
        lowest = weight_decay.draw(our_run).axes[-1]
    assert [label.get_text() for label in lowest.get_xticklabels()] == ["0", "0.1", "1", "3", "10", "30"]


def test_claims_are_judged_when_the_page_is_built_and_unmeasured_ones_left_out(our_run: Run) -> None:
    told = {row[1].text: row[0].text for row in claims.table(our_run).rows}
    judged = studies.claims(our_run)
    assert len(told) == sum(len(one.parts) for one in judged)
    assert told["Weight decay lowers the generalization gap: with wrong labels."] == "✓ holds"
    assert told["Dropout lowers the generalization gap: with wrong labels."] == "✓ holds"
    assert "A matching inductive bias beats regularization." not in told
    assert claims.title(our_run).startswith(f"Of {len(judged)} claims about regularizers, ")
    assert "4 seeds" in claims.caption(our_run)
    assert "No better than chance in training: 2 of decay 10." in claims.caption(our_run)


def test_regularizer_titles_state_the_result(our_run: Run) -> None:
    assert regularizer_accuracy.title(our_run) == (
        "Weight decay 1 takes test accuracy from 80.0 % to 86.0 %; validation prefers it (4 seeds)"
    )
    assert "1 takes the gap from +15.0 to +1.0 points (4 seeds)" in regularizer_gap.title(our_run)
    assert regularizer_weights.title(our_run) == (
        "The weight norm is 20.0 without a penalty, 8.00 with L1 0.1 and 9.00 with weight decay 1 (4 seeds)"
    )
    assert sparsity.title(our_run) == "L1 0.1 makes 40 % of the weights exactly zero (4 seeds)"
    assert (
        "Plain: test accuracy is 79.0 % after 30 epochs, which validation prefers, and 80.0 % after 60 "
        "(4 seeds)" in learning_curves.title(our_run)
    )


def test_comparisons_say_where_lines_part_and_how_many_networks_failed(our_run: Run) -> None:
    assert regularizer_comparisons.title(our_run) == (
        "At weight decay 0, dropout tests at 84.0 % and no dropout at 80.0 %; "
        "farthest apart in validation (4 seeds)"
    )
    caption = regularizer_comparisons.caption(our_run)
    assert "Of 12 networks here, 0 diverged, 0 no better than chance" in caption
    assert effective_rates.title(our_run) == (
        "Under batch norm, decay 1 takes the norm from 10.0 to 5.00 and makes steps 4.00 times as long for "
        "their weights; test accuracy 76.0 % to 77.0 % (4 seeds)"
    )


def test_a_study_of_older_files_is_judged_by_the_test_and_says_so(tmp_path: Path) -> None:
    document = results.ours()
    for entry in document["benchmarks"]:
        for row in entry["extra_info"].get("study", {}).get("rows", []):
            row.pop("validation_accuracy", None)
    run = read_run(results.write(tmp_path / "older.json", document))
    assert "the best on the test itself" in regularizer_accuracy.title(run)
    assert "picked on the test itself" in regularizer_comparisons.title(run)
    assert "chosen on the test itself, which flatters it" in regularizer_gap.caption(run)
    assert "chosen on the test itself, which flatters it" in weight_decay.caption(run)


def test_learning_curves_of_older_files_say_that_the_test_chose_the_epoch(tmp_path: Path) -> None:
    study = results.laboratory()
    study["history"] = [row for row in study["history"] if row["quantity"] != "validation_accuracy"]
    assert learning_curves.title(_run_of(tmp_path, "generalization", study)) == (
        "Plain: test accuracy is 82.0 % after 10 epochs, the best on the test itself, which flatters it, "
        "and 80.0 % after 60 (4 seeds)"
    )


def test_an_epoch_whose_test_accuracy_is_missing_is_not_the_one_that_validation_chooses(
    tmp_path: Path,
) -> None:
    study = results.laboratory()
    lost = ("test_accuracy", 30)
    study["history"] = [row for row in study["history"] if (row["quantity"], row["epoch"]) != lost]
    assert "80.0 % after 60 epochs, which" in learning_curves.title(
        _run_of(tmp_path, "generalization", study)
    )


def test_lines_are_held_side_by_side_where_validation_parts_them_though_the_test_parts_others(
    tmp_path: Path,
) -> None:
    study = results.laboratory()
    study["comparisons"][0]["lines"]["dropout"].append(["1", "batch norm"])
    for row in study["rows"]:
        row["validation_accuracy"] = {"plain": 0.6, "dropout 0.5": 0.9}.get(row["setting"], 0.5)
    title = regularizer_comparisons.title(_run_of(tmp_path, "generalization", study))
    assert title.startswith("At weight decay 0, dropout tests at 84.0 % and no dropout at 80.0 %; ")


def test_norms_of_diverged_members_are_left_out_and_counted(tmp_path: Path) -> None:
    study = results.laboratory()
    for row in study["rows"]:
        if row["setting"] in ("batch norm, decay 1", "decay 10") and row["seed"] == 3:
            row |= {"diverged": True, "weight_norm": 1e30}
    run = _run_of(tmp_path, "generalization", study)
    assert "2 of 24 networks diverged; norms are of the others" in regularizer_weights.caption(run)
    assert "2 of 20 networks diverged; norm and step are of the others" in effective_rates.caption(run)
    assert "2 of 24 networks diverged; shares are of the others" in sparsity.caption(run)
    norms = {row[1].text: row for row in regularizer_weights.table(run).rows if row[2].text == "weight norm"}
    assert (norms["10"][3].text, norms["10"][5].text) == ("4.00", "3")


def test_no_caption_speaks_of_divergence_where_none_diverged(our_run: Run) -> None:
    shown = (regularizer_weights, effective_rates, sparsity, weight_decay)
    assert not any("diverged" in module.caption(our_run) for module in shown)


@pytest.mark.parametrize("is_flagged", [True, False], ids=["flagged", "without the flag, as older files"])
def test_the_weight_decay_study_counts_what_diverged(tmp_path: Path, is_flagged: bool) -> None:
    study = results.study()
    for row in study["rows"]:
        is_lost = row["weight_decay"] == 30.0 and row["seed"] < 3
        row.update({"diverged": is_lost} if is_flagged else {})
        row.update({"weight_norm": None} if is_lost else {})
    run = _run_of(tmp_path, "weight_decay", study)
    assert "3 of 48 networks diverged; norm and loss are of the others." in weight_decay.caption(run)
    rows = {row[1].text: row[-1].text for row in weight_decay.table(run).rows if row[0].text == "30.0"}
    assert (rows["weight norm"], rows["test accuracy"]) == ("5", "8")


@pytest.mark.parametrize("module", [m for m in figures.modules() if m.SECTION == "generalization"])
def test_every_title_about_regularizers_says_over_how_many_seeds(our_run: Run, module: ModuleType) -> None:
    assert re.search(r"\b[48] seeds\)", module.title(our_run))


def _run_of(tmp_path: Path, topic: str, study: dict[str, Any]) -> Run:
    """Return a run with one study alone."""
    document = {"benchmarks": [results.entry(topic, "epoch", {"device": "cpu"}, 0.1, study=study)]}
    return read_run(results.write(tmp_path / "study.json", document))


def test_variant_titles_name_the_best_and_the_worst(our_run: Run) -> None:
    assert layer_variants.title(our_run).startswith("dropout · compiled · conv-32x64x56x56 runs 2.0")
    assert layer_variants.title(our_run).endswith("channels_last · conv-32x64x56x56 1.00 times")
    assert residual_step.title(our_run) == (
        "Batch norm · channels_last takes 30 % of a residual network's step, dropout · compiled 15 %"
    )


def test_cliffs_title_names_both_shapes_and_the_factor(our_run: Run) -> None:
    assert shape_cliffs.title(our_run) == (
        "A cliff: batch norm on tokens-140000x64 costs 8.00 times as much an element as on tokens-120000x64"
    )


def test_device_title_tells_what_the_step_does_not_hide(our_run: Run) -> None:
    assert device_transfer.title(our_run) == (
        "Beside a step of 20.0 ms, pinned prefetched, 2 workers adds 1.00 ms a batch, "
        "pageable, 2 workers 6.00 ms"
    )


def test_transfers_title_tells_the_link_and_from_what_size_copies_reach_it(our_run: Run) -> None:
    assert transfers.title(our_run) == (
        "The link gives 25.0 GB/s host to device; pinned copies reach 80 % of it from 64 MiB on"
    )


def test_drift_title_gives_the_coefficient_of_variation(our_run: Run) -> None:
    assert "one-thread arithmetic 2.5 %" in reference_drift.title(our_run)


def test_timings_show_the_slowest_of_other_suites(plain_run: Run) -> None:
    assert timings.title(plain_run) == "test_parse is the slowest of 2 benchmarks: 12.0 ms (median)"


def test_figure_that_fails_costs_itself_alone(our_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(run: Run) -> Figure:
        raise ValueError("no ink")

    monkeypatch.setattr(step_share, "draw", draw)
    parts = figures.of_section(our_run, "layers")
    assert [part.kind for part in parts] == ["prose", *["figure"] * 5]
    assert "step_share could not be drawn: ValueError: no ink" in parts[0].text  # type: ignore[union-attr]


def test_drawing_leaves_matplotlib_as_it_was(our_run: Run) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figures.drawn(our_run, step_share)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("paper", ["#ffffff", "#14171a"])
@pytest.mark.parametrize("colour", [*canvas.SERIES_COLOURS, canvas.GREY])
def test_series_stand_out_from_both_papers(colour: str, paper: str) -> None:
    lighter, darker = sorted((luminance(colour), luminance(paper)), reverse=True)
    required = (
        3.0 if colour != canvas.GREY or paper != "#ffffff" else 2.9
    )  # the palette's grey, always with a marker
    assert (lighter + 0.05) / (darker + 0.05) >= required


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_start_methods_look_alike_in_every_figure_and_unknown_ones_are_drawn_too() -> None:
    chosen = looks.of_start_methods(["warp", "spawn", "in-process"])
    assert list(chosen) == ["in-process", "spawn", "warp"]
    assert looks.colours(chosen) == {"in-process": canvas.GREY, "spawn": canvas.ORANGE, "warp": canvas.PINK}
    assert len({look.marker for look in looks.KNOWN.values()} | {looks.OTHER.marker}) == 5


@pytest.mark.parametrize("drift", [(1.0, 1.01, 1.0), (1.0, 1.4, 0.9), (1.0, 6.0, 1.0), (1.0, 0.001, 3.0)])
def test_drift_axis_has_ticks_on_both_sides_of_its_data_or_at_one(
    drift: tuple[float, ...], tmp_path: Path
) -> None:
    document = results.small()
    for entry in document["benchmarks"]:
        for measured, factor in zip(entry["extra_info"]["passes"], drift, strict=True):
            measured["reference"] = {"pipe_seconds": 1e-5 * factor}
    run = read_run(results.write(tmp_path / "r.json", document))
    with canvas.style():
        axes = reference_drift.draw(run).axes[0]
    assert len(axes.get_yticks()) >= 3
    assert 1 in axes.get_yticks()
    assert axes.get_ylim()[0] < min(drift) < max(drift) < axes.get_ylim()[1]

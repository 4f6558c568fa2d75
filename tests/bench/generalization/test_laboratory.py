import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench import heartbeat
from bench.bench_generalization import (
    WEIGHT_DECAYS,
    GeneralizationStudy,
    WeightDecayStudy,
    intervals_over_seeds,
)
from bench.configuration import PassResult
from bench.generalization import laboratory, linear_map, studies
from bench.generalization.biases import margins, with_target
from bench.generalization.curves import comparisons, curves
from bench.generalization.data import split
from bench.generalization.smoothness import smoothness
from bench.generalization.sources import load_data
from bench.generalization.studies import PLAIN, settings
from bench.generalization.training import Training, train
from diagnostics.hypotheses import Holds, all_claims, chosen_by_validation, judge, names_of
from reports import canvas
from reports.figures import regularizer_comparisons

SHORT = replace(PLAIN, epochs=2, num_train=40, widths=(8,))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs of small networks: every setting is there, none is learnt."""
    monkeypatch.setattr(studies, "PLAIN", SHORT)


@pytest.mark.parametrize("is_full", [False, True])
def test_names_are_unique_and_every_claim_finds_its_settings(is_full: bool) -> None:
    names = [one.name for one in settings(is_full=is_full)]
    assert len(set(names)) == len(names)
    assert {"plain", "batch norm", "layer norm", "early stopping", "cnn"} <= set(names)
    assert set(curves(settings(is_full=is_full))) >= {"weight decay", "L1", "dropout", "training samples"}


@pytest.mark.parametrize("is_full", [False, True])
def test_every_setting_that_is_drawn_is_trained(is_full: bool) -> None:
    grid = settings(is_full=is_full)
    names = {one.name for one in grid}
    drawn = [name for points in curves(grid).values() for _, name in points]
    compared = comparisons(grid)
    drawn += [name for one in compared for line in one["lines"].values() for _, name in line]
    assert set(drawn) <= names
    assert all(len(one["lines"]) > 1 for one in compared)
    if is_full:
        assert names == set(drawn)


@pytest.mark.parametrize("is_full", [False, True])
def test_a_page_has_room_for_every_comparison_and_a_colour_for_each_of_its_lines(is_full: bool) -> None:
    compared = comparisons(settings(is_full=is_full), ("a plane", "a sum of waves"))
    assert len(compared) <= regularizer_comparisons.MOST_PANELS
    assert max(len(one["lines"]) for one in compared) <= len(canvas.SERIES_COLOURS)


def test_of_few_samples_no_study_claims_more() -> None:
    grid = settings(is_full=True, max_train=100)
    assert max(one.num_train for one in grid) == 100
    assert [strength for strength, _ in curves(grid)["training samples"]] == [40.0, 75.0, 100.0]


def test_the_laboratory_measures_what_every_claim_asks_for(short: None) -> None:
    lab = laboratory.Laboratory(load_data("digits"), range(4), is_full=False)
    shares = list(lab.work(1.0))
    assert shares == sorted(shares)
    judged = judge(lab.rows())
    assert [one.claim.name for one in judged] == [claim.name for claim in all_claims()]
    assert not [one.claim.name for one in judged if one.verdict is Holds.UNMEASURED]
    document = json.loads(json.dumps(lab.study()))
    assert document["is_complete"]
    assert document["seeds"] == 4
    assert {one["quantity"] for one in document["history"]} >= {"validation_accuracy", "test_accuracy"}
    assert len(document["claims"]) == len(judged)


def test_work_can_be_done_in_parts_and_comes_to_the_same(short: None) -> None:
    data = load_data("digits")
    whole, parts = (laboratory.Laboratory(data, range(2), is_full=False) for _ in range(2))
    list(whole.work(1.0))
    for until in (0.3, 0.5, 1.0):
        list(parts.work(until))
        assert json.dumps(parts.study())
    assert whole.rows().equals(parts.rows())


def test_a_look_on_the_way_changes_nothing_and_no_verdict_of_it_is_final(
    short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, alone = (GeneralizationStudy("cpu", 2, "digits", is_full=False) for _ in range(2))
    seen: list[PassResult] = []
    monkeypatch.setattr(heartbeat, "KEEPERS", [lambda look: seen.append(look())])
    rounds = watched.measure(0.0, 1.0).rounds_seconds
    monkeypatch.setattr(heartbeat, "KEEPERS", [])
    alone.measure(0.0, 1.0)
    assert watched.laboratory.rows().equals(alone.laboratory.rows())
    assert len(seen) == len(rounds)
    first = json.loads(json.dumps(seen[0].as_record()))["study"]
    assert not first["is_complete"]
    assert {one["verdict"] for one in first["claims"]} <= {Holds.UNSURE, Holds.UNMEASURED}


def test_without_images_there_are_no_cnns(short: None) -> None:
    lab = laboratory.Laboratory(load_data("breast_cancer"), range(2), is_full=True)
    assert not [one for one in lab.settings if one.network == "cnn"]
    list(lab.work(1.0))
    assert lab.study()["is_complete"]


def test_what_is_not_yet_trained_to_the_end_says_so() -> None:
    training = Training([SHORT], range(2), load_data("digits"))
    next(training.epochs())
    assert not training.frame()["complete"].any()
    assert (training.frame()["epoch"] == 1).all()


def test_the_same_seed_gives_the_same_numbers() -> None:
    data = load_data("digits")
    first, again = (train([SHORT], (1, 2), data) for _ in range(2))
    assert first.equals(again)


def test_no_test_label_has_a_say_in_any_choice(short: None) -> None:
    data, seed = load_data("digits"), 3
    test = np.random.default_rng(seed).permutation(len(data.y_N))[: round(len(data.y_N) / 3)]
    assert np.array_equal(split(data, PLAIN, seed).y_test.numpy(), data.y_N[test])
    labels = data.y_N.copy()
    labels[test] = np.random.default_rng(0).permutation(labels[test])
    tables = []
    for each in (data, replace(data, y_N=labels)):
        lab = laboratory.Laboratory(each, [seed], is_full=False)
        list(lab.training.epochs())
        tables.append(lab.training.frame())
    first, shuffled = tables
    assert not first["test_accuracy"].equals(shuffled["test_accuracy"])
    of_test = ["test_loss", "test_accuracy", "gap_loss", "gap_accuracy"]
    assert first.drop(columns=of_test).equals(shuffled.drop(columns=of_test))
    for prefix in ("decay ", "l2 ", "l1 ", "dropout "):
        norms = [chosen_by_validation(t, names_of(t, prefix), "weight_norm") for t in tables]
        assert norms[0].equals(norms[1])


def test_learning_curves_are_taken_on_the_way() -> None:
    training = Training([SHORT], range(2), load_data("digits"), history=(1, 2), num_threads=1)
    list(training.epochs())
    assert [set(rows["epoch"]) for rows in training.history] == [{1}, {2}]


def test_how_members_are_shared_out_changes_none() -> None:
    grid = [SHORT, replace(SHORT, name="dropout", dropout=0.3), replace(SHORT, name="patient", patience=1)]
    trainings = [Training(grid, range(3), load_data("digits"), num_threads=n) for n in (1, 5)]
    for training in trainings:
        assert list(training.epochs())[-1] == 1.0
    one, many = (training.frame().reset_index(drop=True) for training in trainings)
    assert len(trainings[0].populations) < len(trainings[1].populations)
    pd.testing.assert_frame_equal(one, many, rtol=1e-4)


def test_names_that_repeat_are_refused() -> None:
    with pytest.raises(ValueError, match="a name of its own"):
        Training([SHORT, SHORT], range(2), load_data("digits"))


def test_a_linear_target_is_a_plane_and_the_other_is_not() -> None:
    data = load_data("digits")
    for target, reached in (("linear target", True), ("non-linear target", False)):
        labelled = with_target(data, target)
        design = np.c_[labelled.x_ND, np.ones(len(labelled.x_ND))]
        weights = np.linalg.lstsq(design, 2.0 * labelled.y_N - 1, rcond=None)[0]
        accuracy = np.mean((design @ weights > 0) == labelled.y_N)
        assert bool(accuracy > 0.9) is reached


def test_a_small_penalty_makes_a_wide_margin() -> None:
    wide, narrow = margins(load_data("breast_cancer"), PLAIN, 0)
    assert wide["margin"] > 2 * narrow["margin"]


def test_looking_along_the_step_leaves_the_training_as_it_is() -> None:
    data = load_data("digits")
    first, again = (smoothness(data, PLAIN, 0, "batch", 0.1) for _ in range(2))
    assert first == again
    assert all(np.isfinite(list(first.values())))


def test_the_example_is_linear_reduces_dimension_and_is_no_projection() -> None:
    found = {line["property"]: line["holds"] for line in linear_map.verified()}
    assert found == {
        "linear": True,
        "reduces dimension": True,
        "projection": False,
        "projection, then new coordinates": True,
    }
    counterexample = next(one["evidence"] for one in linear_map.verified() if one["property"] == "projection")
    assert counterexample.endswith("takes (0, 1, 0) to (1, 1, 0) and that to (2, 1, 0)")
    assert linear_map.example(np.array([1.0, -1.0, -1.0])).tolist() == [0.0, 0.0]


def test_a_true_projection_would_be_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_map, "MATRIX", np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert {line["property"]: line["holds"] for line in linear_map.verified()}["projection"]


def test_changes_are_paired_by_seed() -> None:
    rows = [
        {"weight_decay": decay, "seed": seed, "test_accuracy": 0.5 + 0.1 * seed + (0.01 if decay else 0)}
        for decay in WEIGHT_DECAYS
        for seed in range(4)
    ]
    table = {(row["weight_decay"], row["quantity"]): row for row in intervals_over_seeds(rows)}
    change = table[1.0, "test_accuracy_change"]
    assert (change["estimate"], change["low"], change["high"]) == pytest.approx((0.01, 0.01, 0.01))


def test_a_member_that_diverged_is_counted_out_of_an_interval_and_is_no_quantity() -> None:
    rows = [
        {"weight_decay": decay, "seed": seed, "weight_norm": 2.0, "diverged": False}
        for decay in WEIGHT_DECAYS
        for seed in range(4)
    ]
    rows[-1] |= {"weight_norm": float("nan"), "diverged": True}
    table = {(row["weight_decay"], row["quantity"]): row for row in intervals_over_seeds(rows)}
    norm = table[WEIGHT_DECAYS[-1], "weight_norm"]
    assert (norm["estimate"], norm["num_values"]) == (2.0, 3)
    assert {quantity for _, quantity in table} == {"weight_norm", "weight_norm_change"}


def test_weight_decay_makes_weights_smaller_and_can_be_read_before_it_is_over() -> None:
    study = WeightDecayStudy("cpu", 2, "digits")
    list(study.work(0.05))
    rows = study.study()["rows"]
    norms = {row["weight_decay"]: row["weight_norm"] for row in rows if row["seed"] == 0}
    assert norms[30.0] < norms[0.0]
    assert {row["diverged"] for row in rows} == {False}
    assert study.study()["epochs"] == 3

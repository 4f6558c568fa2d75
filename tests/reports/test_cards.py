from pathlib import Path
from typing import Any

from reports import cards
from reports.load import Run, read_run
from tests.reports import results


def changed(tmp_path: Path, **figures: Any) -> Run:
    """Make a run whose passes have other values in some of their keys."""
    document = results.ours()
    for entry in document["benchmarks"]:
        for number, measured in enumerate(entry["extra_info"]["passes"]):
            measured |= {key: value(number) for key, value in figures.items()}
    return read_run(results.write(tmp_path / "r.json", document))


def test_three_questions_are_asked_in_order(our_run: Run) -> None:
    questions = [card.question for card in cards.cards(our_run)]
    assert questions == [
        "How many workers?",
        "What do batch norm and dropout cost?",
        "What does weight decay do?",
    ]


def test_answers_carry_number_interval_and_meaning(our_run: Run) -> None:
    workers, layers, decay = cards.cards(our_run)
    image = workers.answers[0]
    assert (image.label, image.value) == ("image, photographs decoded on the CPU", "2 workers")
    assert (
        image.detail == "389 samples/s by fork, 1.81 times as fast as 0 workers; 95 % interval 1.72 to 1.90"
    )
    assert workers.answers[1].value == "0 workers"
    assert [answer.value for answer in layers.answers] == ["18 %", "35 %"]
    assert [answer.value for answer in decay.answers] == ["3", "6.8 points", "from 30"]


def test_learner_is_told_of_the_main_guard(our_run: Run) -> None:
    assert 'if __name__ == "__main__":' in cards.cards(our_run)[0].explanation


def test_still_machine_is_called_still_and_a_disturbed_one_disturbed_with_the_cause(tmp_path: Path) -> None:
    still = changed(tmp_path, reference=lambda n: {"arithmetic_seconds": 0.01 + 0.0001 * n})
    assert "3 passes on a machine that held still (one-thread arithmetic" in cards.cards(still)[0].sureness
    robbed = changed(tmp_path, reference=lambda n: {}, steal_fraction=lambda n: 0.08)
    assert (
        "disturbed machine (up to 8.0 % of its time was taken by others)" in cards.cards(robbed)[0].sureness
    )
    drifting = changed(tmp_path, reference=lambda n: {"pipe_seconds": 1e-5 * (1 + n)})
    assert "disturbed machine (a pipe round trip varied by 50 %)" in cards.cards(drifting)[0].sureness


def test_share_whose_interval_holds_zero_is_called_unsure(tmp_path: Path) -> None:
    run = changed(tmp_path, figures=lambda n: {"share_of_step": (-0.1, 0.2, 0.1)[n]})
    assert "not surely more than nothing" in cards.cards(run)[1].answers[0].detail


def test_decay_that_never_helps_says_so(tmp_path: Path) -> None:
    study = results.study()
    for row in study["rows"]:
        row["test_accuracy"] = 0.9 - 0.01 * row["weight_decay"]
    entry = results.entry("weight_decay", "epoch", {}, 1.0, study=study)
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]}))
    (first, *_) = cards.cards(run)[2].answers
    assert (first.value, first.detail) == ("0", "test accuracy 90.0 %; no decay tried was better")


def test_wrong_labels_explain_a_negative_gap_and_a_cut_off_study_says_so(tmp_path: Path) -> None:
    study = results.study() | {"wrong_label_share": 0.2, "epochs": 12, "num_epochs": 60}
    entry = results.entry("weight_decay", "epoch", {}, 1.0, study=study)
    card = cards.cards(read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]})))[2]
    assert "20 % of the training labels are wrong on purpose" in card.explanation
    assert card.sureness.startswith("Cut off after 12 of 60 epochs")


def test_missing_question_gives_the_command_that_answers_it(tmp_path: Path) -> None:
    entry = results.entry("dropout_step", "step", {"device": "cpu"}, 0.05, companions={"without": 0.04})
    run = read_run(results.write(tmp_path / "r.json", {"benchmarks": [entry]}))
    workers, _, decay = cards.cards(run)
    assert workers.commands == ("pytest bench --benchmark-autosave -k loader_throughput",)
    assert cards.line(decay) == "What does weight decay do? Not measured in this run."

import json
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.companions import ladder, page, tuning
from tests.reports.companions import documents


@pytest.mark.parametrize("document", [documents.profile(), documents.tune()])
def test_a_document_alone_makes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: dict[str, Any]
) -> None:
    source, target = tmp_path / "one.json", tmp_path / "page.html"
    source.write_text(json.dumps(document), encoding="utf-8")
    assert main(["build", str(source), "-o", str(target)]) == 0
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "Ladder and tuning" in text
    assert len(capsys.readouterr().out.splitlines()) >= 2


def test_the_ladder_tells_verdict_remedy_stages_and_what_was_skipped() -> None:
    text = page.page_of({"profile": documents.profile()}, "").html()
    assert "Bound: <strong>cpu</strong>. Do less work a sample." in text
    for told in ("7.5 times as fast", "tune FILE.py:NAME", "20.0 ms", "50 %", "no CUDA", "17", "1,500"):
        assert told in text


def test_both_documents_share_a_page_with_what_to_paste() -> None:
    text = page.page_of({"profile": documents.profile(), "tune": documents.tune()}, "").html()
    assert "figure-ladder" in text
    assert "figure-tuning" in text
    assert "multiprocessing.set_forkserver_preload([&#39;torch&#39;])" in text
    assert "needs 9 GiB, 4 GiB are free" in text


def test_data_that_failed_are_the_verdict() -> None:
    made = page.page_of({"profile": documents.failed("profile")}, "")
    assert made.head.status == "fail"
    assert "sample 17 is broken" in made.head.advice
    assert "dataset[17]" in made.html()


@pytest.mark.parametrize(("bound", "status"), [("cpu", "warn"), ("none", "ok"), ("consumer", "ok")])
def test_only_a_bound_of_the_loader_asks_for_mending(bound: str, status: str) -> None:
    assert page.page_of({"profile": documents.profile(bound=bound)}, "").head.status == status


def test_the_data_come_as_csv_too() -> None:
    lines = page.page_of({"profile": documents.profile(), "tune": documents.tune()}, "").csv().splitlines()
    assert lines[0] == "command,name,samples_per_second"
    assert len(lines) == 1 + 3 + 2


def test_a_trial_without_workers_does_not_lengthen_the_names_of_others() -> None:
    few = {"num_workers": 2, "prefetch_factor": 2}
    trials = [{"arguments": one, "samples_per_second": 1.0} for one in ({"num_workers": 0}, few)]
    assert [one.name for one in tuning._rates(documents.tune(trials=trials))] == [
        "num_workers=0",
        "num_workers=2",
    ]


def test_trials_are_named_by_what_distinguishes_them_and_the_recommended_one_is_marked() -> None:
    shared = {"pin_memory": False}
    trials = [
        {"arguments": {"num_workers": n, **shared}, "samples_per_second": 1.0, "seconds": 1} for n in (0, 4)
    ]
    document = documents.tune(trials=trials, recommended={"num_workers": 4, **shared})
    assert [(one.name, one.is_marked) for one in tuning._rates(document)] == [
        ("num_workers=0", False),
        ("num_workers=4", True),
    ]


HOSTILE: list[dict[str, Any]] = [
    {"rungs": "none", "stages": 7, "remedies": "no list", "arguments": 3, "sentence": None, "bound": 5},
    {"rungs": [{"name": "<b>x</b>", "samples_per_second": -1.0}, 5], "slowest": [{"seconds": "long"}]},
    {"rungs": [{"name": None, "samples_per_second": 1e90, "low": 3, "high": "far"}], "step_seconds": 0},
    {"findings": [{"status": "fail", "remedy": {"commands": "rm"}}]},
]


@pytest.mark.parametrize("changes", HOSTILE)
def test_an_odd_profile_is_shown_as_far_as_it_can_be(changes: dict[str, Any]) -> None:
    text = page.page_of({"profile": documents.profile(**changes)}, "").html()
    assert "<b>x</b>" not in text


@pytest.mark.parametrize(
    "changes", [{"trials": 3, "recommended": [], "interval": "wide"}, {"trials": [{"arguments": 4}]}]
)
def test_an_odd_tuning_is_shown_as_far_as_it_can_be(changes: dict[str, Any]) -> None:
    assert "DataLoader(dataset" in page.page_of({"tune": documents.tune(**changes)}, "").html()


def test_a_bound_that_is_not_known_is_named_as_it_stands() -> None:
    assert ladder.verdict({"bound": "gravity"}) == "The loader is bound by **gravity**."

"""`population` and `claims`: what cannot be done is told in one sentence."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.__main__ import main
from bench.generalization import commands, speed
from bench.generalization.laboratory import Laboratory
from bench.generalization.speed import Speed
from diagnostics import hypotheses
from diagnostics.hypotheses import Holds


@pytest.mark.parametrize("command", ["population", "claims"])
def test_a_gpu_that_is_not_there_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--device", "cuda:99"]) == 2
    assert f"python -m bench {command}: no " in capsys.readouterr().err


def test_what_is_no_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["population", "--device", "gpu"])
    assert ended.value.code == 2
    assert "'gpu': expected cpu, cuda, or one GPU such as cuda:0" in capsys.readouterr().err


MEASURED = Speed("", "cpu", "", 72, 2, 2, 1.0, 72, 16.0, 8.0, 1e-15)


def test_population_cut_off_keeps_what_was_measured_and_says_what_is_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def measure(kind: str, *rest: object) -> Speed:
        if kind == "MLPs of 64 units":
            raise KeyboardInterrupt
        return replace(MEASURED, kind=kind)

    monkeypatch.setattr(speed, "measure", measure)
    file = tmp_path / "population.json"
    assert main(["population", "--json", str(file)]) == 130
    told = capsys.readouterr().out
    assert "MLPs of 32 units           72     1.0 s      16.0 s   16.0     8.0 s    8.0  1.0e-15\n" in told
    assert told.endswith("cut off: MLPs of 64 units left out\n")
    document = json.loads(file.read_text())
    assert [one["kind"] for one in document["speeds"]] == ["the quick study", "MLPs of 32 units"]
    assert document["is_complete"] is False


@pytest.mark.parametrize(("difference", "code"), [(1e-10, 0), (1e-6, 1), (float("inf"), 1)])
def test_population_ends_with_1_where_a_member_differs_by_more_than_rounding(
    difference: float, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = replace(MEASURED, largest_difference=difference)
    monkeypatch.setattr(speed, "measure", lambda *arguments: told)
    assert main(["population"]) == code


@pytest.mark.parametrize(("loops", "timed"), [("7", 7), ("all", float("inf"))])
def test_population_times_as_many_loops_as_are_asked_for(
    loops: str, timed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def measure(kind: str, settings: object, seeds: object, num_loops: float, device: str) -> Speed:
        asked.append(num_loops)
        return MEASURED

    monkeypatch.setattr(speed, "measure", measure)
    assert main(["population", "--loops", loops]) == 0
    assert asked == [timed] * 3


@pytest.mark.parametrize("loops", ["every", "0", "-1", "1.5"])
def test_a_number_of_loops_that_is_none_is_refused(loops: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["population", "--loops", loops])
    assert "expected a whole number of at least 1" in capsys.readouterr().err


def test_data_that_cannot_be_used_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "unusable_for_claims.py"
    file.write_text("class data(list):\n    def __len__(self): raise SystemExit\n", encoding="utf-8")
    assert main(["claims", "--data", f"{file}:data"]) == 2
    told = capsys.readouterr().err
    assert told == (
        f"python -m bench claims: {file}:data cannot be loaded: SystemExit ({file.name}, line 2)\n"
    )


@pytest.mark.parametrize(("options", "code"), [((), 130), (("--budget", "0.001"), 0)])
def test_claims_cut_off_say_so_and_by_what_they_end(
    options: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(laboratory: Laboratory, share: float) -> Iterator[float]:
        yield 0.0
        raise KeyboardInterrupt

    monkeypatch.setattr(Laboratory, "work", work)
    assert main(["claims", "--seeds", "2", *options]) == code
    told = capsys.readouterr().out
    assert "cut off: set 1 is unfinished, so that none of its verdicts is final" in told
    assert " holds" not in told


class Work:
    """Stands for the studies: nothing is trained, and each set of seeds finds what it is told to."""

    def __init__(self, data: object, seeds: Sequence[int], **options: object) -> None:
        self.seeds, self.is_complete = seeds, False

    def work(self, until: float) -> Iterator[float]:
        yield 0.5
        self.is_complete = True
        yield 1.0

    def rows(self) -> int:
        return self.seeds[0]


class CutOff(Work):
    """Work that Ctrl-C ends in the second set."""

    def work(self, until: float) -> Iterator[float]:
        if self.seeds[0] > 0:
            raise KeyboardInterrupt
        yield from super().work(until)


class CutOffEarly(Work):
    """Work that Ctrl-C ends before the second set begins."""

    def __init__(self, data: object, seeds: Sequence[int], **options: object) -> None:
        super().__init__(data, seeds)
        if seeds[0] > 0:
            raise KeyboardInterrupt


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that lets sets of two seeds say so of one claim, one verdict a set."""

    def arrange(work: type[Work], *verdicts: Holds) -> None:
        claim = hypotheses.all_claims()[0]

        def judge(first_seed: int, *, is_complete: bool) -> list[Any]:
            found = verdicts[first_seed // 2]
            effect = hypotheses.mean_interval([0.0, 1.0])
            part = hypotheses.JudgedPart(claim.parts[0], found, effect, 1.0, "")
            return [hypotheses.Judged(claim, found, (part,), "")]

        monkeypatch.setattr("bench.generalization.laboratory.Laboratory", work)
        monkeypatch.setattr(hypotheses, "judge", judge)

    return arrange


@pytest.mark.parametrize("work", [CutOff, CutOffEarly])
def test_a_later_set_that_is_cut_off_is_left_out_and_the_finished_one_is_final(
    work: type[Work], say: Callable[..., None], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    say(work, Holds.HOLDS)
    file = tmp_path / "claims.json"
    assert main(["claims", "--seeds", "2", "--sets", "3", "--json", str(file)]) == 130
    told = capsys.readouterr().out
    assert told.endswith(
        "set 2 was cut off and is left out: 1 of 3 sets are finished, and their verdicts final\n"
    )
    assert "unfinished" not in told
    document = json.loads(file.read_text())
    assert (len(document["sets"]), document["sets_asked_for"], document["is_complete"]) == (1, 3, True)


@pytest.mark.parametrize("num_sets", [1, 2])
def test_a_budget_that_ends_with_the_work_cuts_nothing_off(
    num_sets: int,
    say: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say(Work, Holds.HOLDS, Holds.HOLDS)
    clock = iter([0.0, 1.0, *[9.0] * 9])  # begun, half of the first set, all of it
    monkeypatch.setattr(commands, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert main(["claims", "--seeds", "2", "--sets", str(num_sets), "--budget", "5"]) == 0
    told = capsys.readouterr().out
    assert ("set 2 was cut off and is left out" in told) is (num_sets == 2)
    assert "unfinished" not in told


@pytest.mark.parametrize(
    ("verdicts", "code", "contradicts", "is_wavering"),
    [
        ((Holds.HOLDS, Holds.FAILS), 1, True, False),
        ((Holds.HOLDS, Holds.UNSURE), 0, False, True),
        ((Holds.UNSURE, Holds.FAILS), 0, False, True),
        ((Holds.HOLDS, Holds.HOLDS), 0, False, False),
    ],
)
def test_sets_that_say_the_opposite_fail_and_one_that_leaves_open_is_told(
    verdicts: tuple[Holds, ...],
    code: int,
    contradicts: bool,
    is_wavering: bool,
    say: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    say(Work, *verdicts)
    name, file = hypotheses.all_claims()[0].name, tmp_path / "claims.json"
    assert main(["claims", "--seeds", "2", "--sets", "2", "--json", str(file)]) == code
    told = capsys.readouterr().out
    assert f"contradictions between sets: {name if contradicts else 'none'}\n" in told
    assert f"called so by some sets only: {name if is_wavering else 'none'}\n" in told
    document = json.loads(file.read_text())
    assert document["contradictions"] == [name] * contradicts
    assert document["called_by_some"] == [name] * is_wavering

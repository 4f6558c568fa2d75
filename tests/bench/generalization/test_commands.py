"""`population` and `claims`: what cannot be done is told in one sentence."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.generalization import speed
from bench.generalization.laboratory import Laboratory
from bench.generalization.speed import Speed


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
    assert "cut off: the last set is unfinished" in told
    assert " holds" not in told

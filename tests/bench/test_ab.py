import json
import random
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from math import exp, log
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch

from bench import ab, clocks
from bench.alternating_calls import AlternatingCalls
from bench.alternation import MAX_PAIRS, MIN_PAIRS, alternated_values, log_ratio_in_fresh_process
from bench.clocks import EventClock
from bench.contrasts import Contrast
from bench.host import MeasurementError
from bench.process_pairs import ProcessPairs, Side, revision
from tests.bench import faulty
from tests.bench.fake_cuda import FakeCuda

ROOT = Path(__file__).resolve().parents[2]
PLANTED = ROOT / "bench" / "planted.py"


def contrast(name: str = "x") -> Contrast:
    return Contrast(name, PLANTED, "PlantedCalls", {}, {})


def noisy(shift: float, spread: float, seed: int) -> Callable[[Contrast, int], float]:
    chance = random.Random(seed)
    return lambda one, order_seed: chance.gauss(shift, spread)


def run(measure: Callable[[Contrast, int], float], names: str = "x", **options: Any) -> ab.AbResult:
    ticks = count()
    settings = {"budget_seconds": 19, "seed": 0, "clock": lambda: float(next(ticks)), **options}
    return ab.run([contrast(name) for name in names], measure, **settings)


def test_identical_sides_are_hardly_ever_called_different_however_often_one_looks() -> None:
    claims = [
        run(noisy(0.0, 0.05, seed), budget_seconds=40).comparisons[0].verdict in {"faster", "slower"}
        for seed in range(300)
    ]
    assert sum(claims) / len(claims) <= 0.05 + 2 * (0.05 * 0.95 / 300) ** 0.5


def test_a_clear_difference_stops_early_and_is_told_with_its_ratio() -> None:
    result = run(noisy(log(1.3), 0.01, 1))
    assert (result.stopped, result.comparisons[0].verdict) == ("settled", "slower")
    assert result.comparisons[0].ratio == pytest.approx(1.3, rel=0.02)
    assert len(result.log_ratios["x"]) == ab.LOOKS[0]


def test_equal_sides_stop_early_as_the_same() -> None:
    result = run(noisy(0.0, 0.002, 2))
    assert (result.stopped, result.comparisons[0].verdict) == ("settled", "same")


def test_a_small_change_is_not_settled_as_the_same_while_more_units_would_show_it() -> None:
    result = run(noisy(log(1.02), 0.012, 1), budget_seconds=60)
    assert result.comparisons[0].verdict == "slower"
    assert len(result.log_ratios["x"]) > ab.LOOKS[0]


def test_noise_runs_until_the_budget_is_spent_and_says_what_would_settle_it() -> None:
    result = run(noisy(0.0, 0.2, 3), budget_seconds=10)
    assert (result.stopped, result.comparisons[0].verdict) == ("budget", "unsure")
    assert "would settle 5 %" in result.comparisons[0].reason


def test_a_configuration_that_fails_is_given_up_and_the_others_go_on() -> None:
    def measure(one: Contrast, seed: int) -> float:
        if one.name == "b":
            raise MeasurementError("died", "died of SIGKILL")
        return 0.3 + seed / 2**40

    result = run(measure, "ab")
    assert result.failures == {"b": "died: died of SIGKILL"}
    assert [one.name for one in result.comparisons] == ["a"]


def test_an_interrupted_run_tells_what_is_known() -> None:
    values = iter([0.30, 0.31, 0.29, 0.30])

    def measure(one: Contrast, seed: int) -> float:
        try:
            return next(values)
        except StopIteration:
            raise KeyboardInterrupt from None

    result = run(measure)
    assert (result.stopped, result.comparisons[0].verdict) == ("interrupted", "slower")
    assert result.log_ratios["x"] == [0.30, 0.31, 0.29, 0.30]


def test_values_alternate_and_planted_work_shows() -> None:
    sides = ({"work": "python", "planted": planted} for planted in (0.0, 1.0))
    one = Contrast("python", PLANTED, "PlantedCalls", *sides)
    assert len(alternated_values(one, seed=0, clock=count().__next__)) == MIN_PAIRS
    pairs = alternated_values(one, seed=0, clock=lambda: 0.0)
    assert len(pairs) == MAX_PAIRS
    assert exp(median(log(b / a) for a, b in pairs)) > 1.2  # twice the work, on a machine with other work


def test_where_one_side_alone_could_be_replayed_neither_is(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda()
    monkeypatch.setattr(clocks, "perf_counter", cuda.perf_counter)

    class OnAGpu(Contrast):
        def build(self, params: Any) -> AlternatingCalls:
            clock = EventClock(torch.device("cpu"), is_cold=False, cuda=cuda)
            calls = AlternatingCalls(
                lambda: cuda.issue(params["host"], 10e-6), {}, lambda seconds: {}, device="cpu", clock=clock
            )
            calls.warm_up()
            return calls

    one = OnAGpu("x", PLANTED, "", {"host": 6e-6}, {"host": 4e-6})  # over and under half of the device's time

    def forgotten() -> float:  # what the clock of the pairs is asked before is the sides' own warming up
        cuda.log.clear()
        return 0.0

    pairs = alternated_values(one, seed=0, clock=forgotten)
    assert cuda.num_captures == 1
    assert set(cuda.log) == {"synchronize"}
    assert pairs == [(pytest.approx(10e-6), pytest.approx(10e-6))] * MAX_PAIRS


def test_a_fault_in_the_fresh_process_is_a_measurement_error(tmp_path: Path) -> None:
    file = faulty.write(tmp_path)
    for fault, kind in (("raises", "raised"), ("exits", "died")):
        broken = Contrast("x", file, "bench_faulty", {"fault": fault}, {"fault": "calm"})
        with pytest.raises(MeasurementError) as caught:
            log_ratio_in_fresh_process(broken, 0, 20.0)
        assert caught.value.kind == kind


def test_a_hang_in_the_fresh_process_is_ended(tmp_path: Path) -> None:
    stuck = Contrast("x", faulty.write(tmp_path), "bench_faulty", {"fault": "hangs"}, {"fault": "calm"})
    with pytest.raises(MeasurementError) as caught:
        log_ratio_in_fresh_process(stuck, 0, 1.0)
    assert caught.value.kind == "hung"


def test_pairs_of_processes_run_a_b_b_a(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def values(self: Side, one: Contrast, params: Any, limit: float) -> list[float]:
        begun.append(self.python)
        return [2.0 if self.python == "b" else 1.0] * 3

    monkeypatch.setattr(Side, "values", values)
    pairs = ProcessPairs(Side("a"), Side("b"))
    ratios = [pairs.log_ratio(contrast(), seed) for seed in range(4)]
    assert ratios == [log(2)] * 4
    assert begun in (list("abbaabba"), list("baabbaab"))


def test_the_environment_reaches_the_process(tmp_path: Path) -> None:
    file = tmp_path / "bench_environment.py"
    file.write_text(
        "import os\nfrom bench.configuration import PassResult\n"
        "class Told:\n    unit = 'call'\n    def warm_up(self): pass\n    def close(self): pass\n"
        "    def measure(self, seconds, until): return PassResult([float(os.environ['TOLD'])])\n"
        "def bench_told(): return Told()\n",
        encoding="utf-8",
    )
    one = Contrast("told", file, "bench_told", {}, {})
    pairs = ProcessPairs(Side(sys.executable, {"TOLD": "2"}), Side(sys.executable, {"TOLD": "6"}))
    assert exp(pairs.log_ratio(one, 0)) == pytest.approx(3.0)


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_revision_is_checked_out_beside_and_removed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    for text in ("old", "new"):
        (tmp_path / "data.py").write_text(text, encoding="utf-8")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", text)
    monkeypatch.chdir(tmp_path)
    with revision("HEAD~1") as folder:
        assert (folder / "data.py").read_text(encoding="utf-8") == "old"
    assert not folder.exists()
    listed = subprocess.run(
        ["git", "worktree", "list"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == 1


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    ran = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(ran, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_prints_a_verdict_and_writes_the_document(tmp_path: Path) -> None:
    row, file = "bench_batchnorm[cpu-tokens-4096x256-eval-forward]", tmp_path / "ab.json"
    ran = command("ab", row, "--budget", "1", "--seed", "5", "--json", str(file))
    assert ran.returncode == 0, ran.stderr
    assert row in ran.stdout
    document = json.loads(file.read_text(encoding="utf-8"))
    (comparison,) = document["comparisons"]
    assert {"name", "a", "b", "ratio", "ratio_low", "ratio_high", "verdict", "reason"} <= set(comparison)
    assert document["seed"] == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bench_nothing",), "FILE.py:NAME, or one of bench_batchnorm"),
        (("bench_dropout_step", "--a", "p=1"), "has no p; it has"),
        (("bench_dropout_step", "--env-a", "OMP"), "expected NAME=VALUE"),
        (("bench_dropout_step", "--rev-a", "no-such-revision"), "there is no revision"),
        (("nowhere.py:make",), "there is no such file"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    ran = command("ab", *arguments)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr

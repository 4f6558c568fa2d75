import random
from math import log
from typing import Any

import pytest

from bench import trials
from bench.calibration import PEERS, Row, replayed, rows, table
from bench.trials import Extent, missing


def trial(
    shift: float, spread: float, seed: int, design: str = "alternated", planted: float = 0.0
) -> dict[str, Any]:
    chance = random.Random(seed)
    ratios = [chance.gauss(shift, spread) for _ in range(20)]
    units = [{"log_ratio": one, "seconds": 0.2, "a": [1.0, 1.1], "b": [1.0, 1.2]} for one in ratios]
    return {"design": design, "work": "python", "planted": planted, "units": units}


def run(number: int, factor: float = 1.0) -> dict[str, Any]:
    times = {f"c{i}": [factor * (1 + i) * x for x in (1.0, 1.002, 0.999)] for i in range(12)}
    started = f"2026-03-01T{number:02d}"
    references = {"copy": [0.1, 0.1001, 0.0999]}
    return {
        "design": "saved", "started": started, "seconds": 40.0, "configurations": times, "rounds": times,
        "references": references,
    }  # fmt: skip


def row(found: list[Row], rule: str, planted: float, counts: str = "comparison") -> Row:
    (one,) = [r for r in found if (r.rule, r.planted, r.counts) == (rule, planted, counts)]
    return one


def test_claims_are_counted_for_each_planted_share() -> None:
    made = [trial(0.0, 0.01, seed) for seed in range(20)]
    made += [trial(log(1.1), 0.01, seed, planted=0.10) for seed in range(5)]
    found = list(rows(made))
    assert row(found, "ab, alternated in processes", 0.0).num_claims <= 3
    planted = row(found, "ab, alternated in processes", 0.10)
    assert (planted.num_claims, planted.num_comparisons) == (5, 5)
    assert row(found, "ab, suites of 10", 0.0, "suite").num_comparisons == 2


def test_pairs_of_processes_are_planted_by_scaling_the_same_measurements() -> None:
    found = list(rows([trial(0.0, 0.02, seed, "processes") for seed in range(4)]))
    assert row(found, "ab, pairs of processes, times scaled", 0.20).num_claims == 4
    assert row(found, "ab, pairs of processes", 0.0).num_comparisons == 4


def test_a_comparison_is_replayed_with_its_early_looks() -> None:
    told, seconds = replayed(trial(log(1.5), 0.01, 0))
    assert told.verdict == "slower"
    assert seconds == pytest.approx(8 * 0.2)
    slower, _ = replayed(trial(0.0, 0.001, 0), 1.5)
    assert slower.ratio == pytest.approx(1.5, rel=0.01)


def test_saved_runs_are_compared_one_by_one_in_blocks_and_in_turns() -> None:
    found = list(rows([run(number) for number in range(8)]))
    assert row(found, "compare, 1 run a side", 0.0).num_comparisons == 7 * 12
    assert row(found, "compare, 1 run a side", 0.0, "suite").num_comparisons == 7
    assert row(found, "compare, 3 runs a side", 0.0).num_comparisons == 3 * 12
    turns = row(found, "compare, 3 runs in turns, times scaled", 0.20)
    assert (turns.num_claims, turns.num_comparisons) == (36, 36)
    assert row(found, "pytest-benchmark's min:5%", 0.0, "suite").num_claims == 0


def test_what_drifts_is_a_false_claim_of_a_gate_and_of_the_suite() -> None:
    found = list(rows([run(0), run(1, 1.1)]))
    gate = row(found, "pytest-benchmark's min:5%", 0.0)
    assert (gate.num_claims, gate.num_comparisons) == (12, 12)
    assert row(found, "pytest-benchmark's min:5%", 0.0, "suite").num_claims == 1
    assert row(found, "compare, 1 run a side", 0.0, "suite").num_claims == 0


def test_the_gates_of_others_compare_their_own_statistic() -> None:
    assert PEERS["pytest-benchmark's min:5%"]([1.0, 9.0], [1.06, 9.0]) == "slower"
    assert PEERS["pytest-benchmark's min:5%"]([1.0, 9.0], [1.04, 99.0]) == "unsure"
    assert PEERS["pytest-benchmark's mean:5%"]([1.0, 1.2], [1.0, 1.0]) == "faster"
    assert PEERS["t-test over rounds"]([1.0, 1.1, 0.9], [2.0, 2.1, 1.9]) == "slower"


def test_a_row_tells_the_count_its_share_and_its_interval() -> None:
    one = Row("alternated", "ab", "comparison", 0.05, 17, 20, 0.018, 3.5)
    assert one.bounds() == pytest.approx((0.6211, 0.9679), abs=1e-4)
    told = table([one])
    assert all(part in told for part in ("5%", "17/20", "85%", "62% to 97%", "1.8%", "3.5"))


def test_only_what_is_missing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "alternated", lambda work, share, seed, seconds: share)
    monkeypatch.setattr(trials, "saved_run", lambda passes: passes)
    done = [trial(0.0, 0.1, 0), trial(0.0, 0.1, 1), trial(0.0, 0.1, 2, planted=0.05), run(0)]
    extent = Extent(num_identical=3, num_planted=1, num_runs=2, num_passes=4)
    assert sorted(measure() for measure in missing("alternated", extent, done, 0)) == [0.0, 0.02, 0.10, 0.20]
    assert [measure() for measure in missing("saved", extent, done, 0)] == [4]
    assert len(list(missing("processes", extent, done, 0))) == extent.num_processes

"""Verdicts on simulated machines of known truth: drift, autocorrelation, heavy tails, few runs."""

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.comparisons import Comparison, Outcome, Pair, compare_pairs, compare_runs
from diagnostics.differences import RunValues

CLAIMS = {Outcome.FASTER, Outcome.SLOWER}


def autocorrelated(count: int, scale: float, rho: float, chance: np.random.Generator) -> np.ndarray:
    """Drift from run to run with Student's heavy tails: AR(1)."""
    shocks = chance.standard_t(3, count) / np.sqrt(3)
    series = np.empty(count)
    series[0] = shocks[0]
    for i in range(1, count):
        series[i] = rho * series[i - 1] + np.sqrt(1 - rho**2) * shocks[i]
    return scale * series


class Machine:
    """Simulates runs of a suite: drift common to all, drift of each configuration, noise between passes."""

    def __init__(self, seed: int, sides: str, rho: float) -> None:
        self.chance = np.random.default_rng(seed)
        self.sides, self.rho = sides, rho
        self.common = autocorrelated(len(sides), 0.1, rho, self.chance)

    def pair(self, own_drift: float, shift: float = 0.0) -> Pair:
        own = autocorrelated(len(self.sides), own_drift, self.rho, self.chance)
        made: dict[str, list[RunValues]] = {"a": [], "b": []}
        for i, side in enumerate(self.sides):
            noise = 0.05 * self.chance.standard_t(4, 5)
            center = self.common[i] + own[i] + (shift if side == "b" else 0.0)
            made[side].append(RunValues(tuple(np.exp(center + noise)), f"{i:03d}"))
        return Pair(tuple(made["a"]), tuple(made["b"]))

    def compare(self, shift: float = 0.0, shifted: int = 0) -> list[Comparison]:
        drifts = self.chance.choice([0.03, 0.1, 0.2], 12)
        configurations = {
            f"c{i}": self.pair(drift, shift if i < shifted else 0.0) for i, drift in enumerate(drifts)
        }
        references = {name: self.pair(0.05) for name in ("arithmetic", "copy", "pipe")}
        return compare_runs(configurations, references, same_machine=True)


@pytest.mark.parametrize("rho", [0.0, 0.8])
@pytest.mark.parametrize(
    "sides", ["ab", "aabb", "aaabbb", "ababab", "aaaaaaaaaabbbbbbbbbb", "ab" * 10, "aaabbbbbbbbbb"]
)
def test_suites_of_identical_code_rarely_make_any_false_claim(sides: str, rho: float) -> None:
    wrong = [any(one.verdict in CLAIMS for one in Machine(seed, sides, rho).compare()) for seed in range(30)]
    assert sum(wrong) <= 4  # of 30: at a true rate of 5 % a larger count has a chance of 1.6 %


def test_ten_runs_a_side_in_turns_find_thirty_percent() -> None:
    found = [Machine(seed, "ab" * 10, 0.5).compare(np.log(1.3), 1)[0].verdict for seed in range(20)]
    assert found.count(Outcome.SLOWER) >= 10
    assert Outcome.FASTER not in found


def calm(factor: float = 1.0, count: int = 3, started: str = "") -> tuple[RunValues, ...]:
    shapes = [(1.0, 1.01, 0.99), (1.01, 1.0, 1.02), (0.99, 1.0, 0.98), (1.0, 0.99, 1.01)]
    return tuple(
        RunValues(tuple(factor * value for value in shapes[i]), f"{started}{i}") for i in range(count)
    )


def one(pair: Pair, *, same_machine: bool = True, references: dict[str, Pair] | None = None) -> Comparison:
    return compare_runs({"x": pair}, references or {}, same_machine=same_machine)[0]


def test_a_copy_with_all_times_larger_is_slower_when_three_runs_a_side_back_it() -> None:
    told = one(Pair(calm(), calm(1.3)))
    assert (told.verdict, told.ratio) == (Outcome.SLOWER, pytest.approx(1.3))
    assert told.low < 1.3 < told.high


def test_the_other_way_round_it_is_faster() -> None:
    told = one(Pair(calm(1.3), calm()))
    assert (told.verdict, told.ratio) == (Outcome.FASTER, pytest.approx(1 / 1.3))


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_runs_a_side_do_not_back_thirty_percent(count: int) -> None:
    told = one(Pair(calm(count=count), calm(1.3, count=count)))
    assert told.verdict is Outcome.UNSURE
    assert "drift between runs alone" in told.reason


def noisy(seed: int, count: int = 3, deviation: float = 0.25) -> tuple[RunValues, ...]:
    chance = np.random.default_rng(seed)
    centers = deviation * chance.standard_normal(count)
    return tuple(
        RunValues(tuple(np.exp(center + deviation / 2 * chance.standard_normal(3))), f"{i}")
        for i, center in enumerate(centers)
    )


def test_a_copy_of_noisy_runs_with_all_times_larger_is_slower_in_every_configuration() -> None:
    suite = {}
    for seed in range(30):
        runs = noisy(seed)
        copies = tuple(replace(run, seconds=tuple(1.3 * value for value in run.seconds)) for run in runs)
        suite[f"c{seed}"] = Pair(runs, copies)
    told = compare_runs(suite, {"copy": Pair(noisy(99), noisy(99))}, same_machine=True)
    assert {(one.verdict, round(one.ratio, 3)) for one in told} == {(Outcome.SLOWER, 1.3)}
    same = compare_runs({"c": Pair(noisy(0), noisy(0))}, {}, same_machine=True)[0]
    assert (same.verdict, same.ratio) == (Outcome.SAME, pytest.approx(1.0))


def test_runs_in_turns_share_their_drift() -> None:
    drift = np.linspace(0, 0.5, 8)
    chance = np.random.default_rng(5)
    runs = [
        RunValues(tuple(np.exp(level + 0.02 * chance.standard_normal(3))), f"{i}")
        for i, level in enumerate(drift)
    ]
    slower = [replace(run, seconds=tuple(1.3 * value for value in run.seconds)) for run in runs]
    in_turns = Pair((runs[0], runs[3], runs[4], runs[7]), (slower[1], slower[2], slower[5], slower[6]))
    told = one(in_turns)
    assert told.verdict is Outcome.SLOWER
    assert told.reason.startswith("4 pairs of runs in turns")
    undated = [tuple(replace(run, started="") for run in side) for side in (in_turns.a, in_turns.b)]
    assert one(Pair(*undated)).verdict is Outcome.UNSURE


def test_one_reference_that_jumps_hides_no_change() -> None:
    jumping = Pair(
        tuple(RunValues((value,), f"{i}") for i, value in enumerate((1.0, 4.0, 1.0))),
        tuple(RunValues((value,), f"{i}") for i, value in enumerate((4.0, 1.0, 4.0))),
    )
    steady = Pair(noisy(1, deviation=0.01), noisy(2, deviation=0.01))
    references = {"pipe": jumping, "copy": steady, "arithmetic": steady}
    assert one(Pair(calm(), calm(1.3)), references=references).verdict is Outcome.SLOWER


def test_identical_sides_are_the_same_or_unsure() -> None:
    assert one(Pair(calm(), calm())).verdict is Outcome.SAME
    assert one(Pair(calm(count=1), calm(count=1))).verdict is Outcome.UNSURE


def test_a_change_that_the_references_share_is_not_pinned_on_the_code() -> None:
    moved = {name: Pair(calm(), calm(1.3)) for name in ("arithmetic", "copy")}
    told = one(Pair(calm(), calm(1.3)), references=moved)
    assert told.verdict is Outcome.UNSURE
    assert "it may be the machine" in told.reason
    assert told.adjusted_ratio == pytest.approx(1.0)


def test_references_are_taken_off_run_by_run_where_a_configuration_lacks_in_some_runs() -> None:
    speeds = (1.0, 2.0, 1.5, 1.2)
    runs = [RunValues((speed, 1.01 * speed), f"{i}") for i, speed in enumerate(speeds)]
    others = tuple(replace(run, seconds=(1.3 * run.seconds[0], 1.3 * run.seconds[1])) for run in runs)
    moved = {"copy": Pair(tuple(runs), tuple(runs))}
    told = one(Pair((runs[0], runs[2], runs[3]), others), references=moved)
    assert told.adjusted_ratio == pytest.approx(1.3)


def test_a_run_whose_reference_nobody_can_tell_is_not_adjusted_by_another_runs() -> None:
    moved = {"copy": Pair(calm(count=4), calm())}  # four references, three runs, nobody says when
    undated = tuple(replace(run, started="") for run in calm())
    assert one(Pair(undated, calm()), references=moved).adjusted_ratio is None


def test_a_certain_change_within_five_percent_is_told_and_called_small() -> None:
    told = compare_pairs({"x": [0.019, 0.02, 0.021, 0.02, 0.02, 0.019]})[0]
    assert told.verdict is Outcome.SLOWER
    assert told.reason.endswith("it is there, but below 5%")


def test_between_machines_references_differ_by_right() -> None:
    moved = {"copy": Pair(calm(), calm(1.3))}
    assert one(Pair(calm(), calm(1.3)), references=moved, same_machine=False).verdict is Outcome.SLOWER


@pytest.mark.parametrize(
    "pair",
    [
        Pair((RunValues((1.0,)),) * 3, (RunValues((1.3,)),) * 3),
        Pair((RunValues((1.0,)),), (RunValues((1.3,)),)),
        Pair(calm(), (RunValues((float("nan"),)),) * 3),
        Pair(calm(), ()),
        Pair((RunValues(()),) * 3, calm()),
    ],
    ids=["constant", "one sample", "NaN", "no run", "no pass"],
)
def test_too_little_is_never_a_verdict_by_accident(pair: Pair) -> None:
    assert one(pair).verdict is Outcome.UNSURE


@pytest.mark.parametrize("seed", range(40))
def test_odd_data_never_becomes_a_claim(seed: int) -> None:
    """Unequal numbers of runs, one sample, constant values, NaN, zeros, mixed: however far the sides are."""
    chance = np.random.default_rng(seed)

    def side(constant: float) -> tuple[RunValues, ...]:
        values = [constant, np.nan, 0.0, np.inf, -1.0]
        return tuple(
            RunValues(tuple(chance.choice(values, chance.integers(0, 5), p=[0.6, 0.1, 0.1, 0.1, 0.1])))
            for _ in range(chance.integers(0, 7))
        )

    told = compare_runs({f"c{i}": Pair(side(1.0), side(1.3)) for i in range(12)}, {}, same_machine=False)
    assert {comparison.verdict for comparison in told} == {Outcome.UNSURE}


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.5, 0.5], [np.nan] * 9, [0.5, np.nan], [np.inf, 0.5]])
def test_pairs_without_any_spread_are_never_a_verdict(values: list[float]) -> None:
    assert compare_pairs({"x": values})[0].verdict is Outcome.UNSURE


def test_alternated_pairs_find_two_percent() -> None:
    chance = np.random.default_rng(0)
    told = compare_pairs({"x": chance.normal(np.log(1.02), 0.02, 10)})[0]
    assert told.ratio == pytest.approx(1.02, abs=0.02)
    assert compare_pairs({"x": chance.normal(np.log(1.1), 0.02, 10)})[0].verdict is Outcome.SLOWER


def test_alternated_identical_pairs_keep_the_error_rate_over_a_suite() -> None:
    chance = np.random.default_rng(1)
    wrong = 0
    for _ in range(200):
        suite = {f"c{i}": 0.03 * chance.standard_t(4, 10) for i in range(10)}
        wrong += any(told.verdict in CLAIMS for told in compare_pairs(suite))
    assert wrong / 200 <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5


def test_a_smaller_level_claims_less() -> None:
    values = [0.02, 0.05, 0.03, 0.06, 0.01]
    assert compare_pairs({"x": values})[0].verdict is Outcome.SLOWER
    assert compare_pairs({"x": values}, level=0.001)[0].verdict is Outcome.UNSURE

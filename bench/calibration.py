"""How often verdicts are wrong on this machine, beside other tools' rules on the same measurements."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import expm1, inf, log
from statistics import mean, median
from typing import Any

from scipy import stats

from bench import ab
from bench.contrasts import Contrast
from bench.trials import ALTERNATED, PLANTED_FILE, PROCESSES, SAVED, SHARES, Trial
from diagnostics.calibrations import COMPARISON, SUITE
from diagnostics.comparisons import Comparison, Outcome, Pair, compare_pairs, compare_runs
from diagnostics.differences import RunValues

SUITE_SIZE = 10
SCALED = "times scaled"  # more of the same work multiplies every time: exactly what scaling does
HEADER = (
    f"{'design':10} {'rule':38} {'counts':10} {'planted':>7} {'claims':>9} {'share':>6} "
    f"{'95 % interval':>13} {'half-width':>10} {'seconds each':>12}"
)


@dataclass(frozen=True)
class Row:
    """How often one rule claimed a difference.

    Attributes
    ----------
    design, rule : str
    counts : {"comparison", "suite"}
        What was counted: single verdicts, or suites with any claim in them.
    planted : float
        Share of more work in b; 0 makes every claim a false one.
    num_claims, num_comparisons : int
        Claims of `slower` (and, at 0, of `faster` too).
    half_width : float or None
        Median of the 95 % interval's half-width, as a share: the smallest change that can be resolved.
    seconds : float
        Of one comparison, mean.
    """

    design: str
    rule: str
    counts: str
    planted: float
    num_claims: int
    num_comparisons: int
    half_width: float | None
    seconds: float

    def bounds(self) -> tuple[float, float]:
        """95 % interval of the share of claims (Clopper and Pearson 1934)."""
        told = stats.binomtest(self.num_claims, self.num_comparisons).proportion_ci(method="exact")
        return float(told.low), float(told.high)

    def as_line(self) -> str:
        """Return the row as a line below `HEADER`."""
        low, high = self.bounds()
        width = "" if self.half_width is None else f"{self.half_width:.1%}"
        return (
            f"{self.design:10} {self.rule:38} {self.counts:10} {self.planted:7.0%} "
            f"{f'{self.num_claims}/{self.num_comparisons}':>9} "
            f"{self.num_claims / self.num_comparisons:6.0%} {f'{low:.0%} to {high:.0%}':>13} "
            f"{width:>10} {self.seconds:12.1f}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        low, high = self.bounds()
        return {**asdict(self), "share_low": low, "share_high": high}


Values = Sequence[float]


def _gate(center: Callable[[Values], float]) -> Callable[[Values, Values], Outcome]:
    def rule(a: Values, b: Values) -> Outcome:
        return _claim(abs(log(center(b) / center(a))) > log(1.05), center(b) > center(a))

    return rule


def _test(test: Callable[[Values, Values], Any], center: Callable[[Values], float]) -> Any:
    return lambda a, b: _claim(test(a, b).pvalue < 0.05, center(b) > center(a))


def _claim(is_different: bool, is_slower: bool) -> Outcome:
    if not is_different:
        return Outcome.UNSURE
    return Outcome.SLOWER if is_slower else Outcome.FASTER


PEERS: dict[str, Callable[[Values, Values], Outcome]] = {
    "pytest-benchmark's min:5%": _gate(min),
    "pytest-benchmark's mean:5%": _gate(mean),
    "t-test over rounds": _test(stats.ttest_ind, mean),
    "Mann-Whitney over rounds": _test(stats.mannwhitneyu, median),
}


def rows(trials: Sequence[Trial]) -> Iterator[Row]:
    """Count the claims of our verdicts and of the peers' rules over whatever was measured."""
    by_design = {
        design: [trial for trial in trials if trial["design"] == design]
        for design in (ALTERNATED, PROCESSES, SAVED)
    }
    for share in SHARES:
        alternated = [trial for trial in by_design[ALTERNATED] if trial["planted"] == share]
        yield from _of_ab(alternated, "ab, alternated in processes", share, 1.0)
    for share in SHARES:
        rule = "ab, pairs of processes" + (f", {SCALED}" if share else "")
        yield from _of_ab(by_design[PROCESSES], rule, share, 1 + share)
    yield from _of_saved(by_design[SAVED])


def _of_ab(trials: Sequence[Trial], rule: str, share: float, factor: float) -> Iterator[Row]:
    """Count the verdicts that `ab` reaches on units as they were measured, early looks included."""
    if not trials:
        return
    found = [replayed(trial, factor) for trial in trials]
    count = _Count(trials[0]["design"], share)
    for (comparison, seconds), trial in zip(found, trials, strict=True):
        count.add([comparison], seconds)
        a, b = ([x for unit in trial["units"] for x in unit[side]] for side in ("a", "b"))
        count.add_peers([(a, [factor * x for x in b])])
    yield from count.rows(rule)
    suites = [trials[i : i + SUITE_SIZE] for i in range(0, len(trials) - SUITE_SIZE + 1, SUITE_SIZE)]
    if share == 0 and suites:
        count = _Count(trials[0]["design"], share)
        for suite in suites:
            ratios = {str(i): [unit["log_ratio"] for unit in one["units"]] for i, one in enumerate(suite)}
            count.add(compare_pairs(ratios, level=ab.FINAL_LEVEL), _seconds(suite))
        yield from count.suite_rows(f"ab, suites of {SUITE_SIZE}")


def replayed(trial: Trial, factor: float = 1.0) -> tuple[Comparison, float]:
    """Return what `ab` says of recorded units, b's times multiplied by a factor, and its seconds."""
    units = iter(trial["units"])
    spent = 0.0

    def measure(contrast: Contrast, seed: int) -> float:
        nonlocal spent
        unit = next(units)
        spent += unit["seconds"]
        return unit["log_ratio"] + log(factor)

    contrast = Contrast(trial["work"], PLANTED_FILE, "", {}, {})
    result = ab.run([contrast], measure, budget_seconds=inf, seed=0, max_units=len(trial["units"]))
    return result.comparisons[0], spent


def _seconds(trials: Sequence[Trial]) -> float:
    return sum(unit["seconds"] for trial in trials for unit in trial["units"])


def _of_saved(runs: Sequence[Trial]) -> Iterator[Row]:
    """Compare each run with the next, three with the next three, and three in turns with three."""
    designs = {
        "compare, 1 run a side": ([0], [1]),
        "compare, 3 runs a side": ([0, 1, 2], [3, 4, 5]),
        "compare, 3 runs in turns": ([0, 2, 4], [1, 3, 5]),
    }
    for rule, (of_a, of_b) in designs.items():
        size = len(of_a) + len(of_b)
        windows = [runs[start : start + size] for start in range(len(runs) - size + 1)]
        for share in SHARES if windows else ():
            count = _Count(SAVED, share)
            for window in windows:
                a, b = [window[i] for i in of_a], [window[i] for i in of_b]
                found = compare_runs(*_pairs(a, b, 1 + share), same_machine=True)
                count.add(found, sum(run["seconds"] for run in window))
                if size == 2:
                    count.add_peers(_rounds(a[0], b[0], 1 + share))
            yield from count.rows(rule + (f", {SCALED}" if share else ""))
            if share == 0:
                yield from count.suite_rows(rule)


def _rounds(a: Trial, b: Trial, factor: float) -> list[tuple[list[float], list[float]]]:
    shared = a["rounds"].keys() & b["rounds"].keys()
    return [(a["rounds"][name], [factor * x for x in b["rounds"][name]]) for name in sorted(shared)]


def _pairs(a: Sequence[Trial], b: Sequence[Trial], factor: float) -> tuple[dict[str, Pair], dict[str, Pair]]:
    """Return the configurations and the references that all runs have, as `compare_runs` takes them."""

    def pairs(part: str, scale: float) -> dict[str, Pair]:
        names = sorted(set.intersection(*(set(run[part]) for run in (*a, *b))))
        return {
            name: Pair(
                tuple(RunValues(tuple(run[part][name]), run["started"]) for run in a),
                tuple(RunValues(tuple(scale * x for x in run[part][name]), run["started"]) for run in b),
            )
            for name in names
        }

    return pairs("configurations", factor), pairs("references", 1.0)


class _Count:
    """Claims of our verdict and of the peers' rules for one design and planted share; one suite an `add`."""

    def __init__(self, design: str, planted: float) -> None:
        self.design, self.planted = design, planted
        self.suites: list[Sequence[Comparison]] = []
        self.seconds: list[float] = []
        self.peers: dict[str, list[list[bool]]] = {name: [] for name in PEERS}

    def add(self, suite: Sequence[Comparison], seconds: float) -> None:
        self.suites.append(suite)
        self.seconds.append(seconds)

    def add_peers(self, values: Sequence[tuple[Sequence[float], Sequence[float]]]) -> None:
        for name, rule in PEERS.items():
            told = [rule(a, b) for a, b in values if len(a) > 1 and len(b) > 1]
            self.peers[name].append([self._is_claim(outcome) for outcome in told])

    def rows(self, rule: str) -> Iterator[Row]:
        """Yield what was claimed, comparison by comparison."""
        every = [one for suite in self.suites for one in suite]
        if every:
            claims = sum(self._is_claim(one.verdict) for one in every)
            yield self._row(rule, COMPARISON, claims, len(every), self._width(every))
        for name, suites in self.peers.items():
            claimed = [one for suite in suites for one in suite]
            if claimed:
                yield self._row(name, COMPARISON, sum(claimed), len(claimed), None)

    def suite_rows(self, rule: str) -> Iterator[Row]:
        """Yield in how many suites anything was claimed."""
        claims = sum(any(self._is_claim(one.verdict) for one in suite) for suite in self.suites)
        yield self._row(rule, SUITE, claims, len(self.suites), None)
        for name, suites in self.peers.items():
            if suites:
                yield self._row(name, SUITE, sum(map(any, suites)), len(suites), None)

    def _is_claim(self, outcome: Outcome) -> bool:
        return outcome is Outcome.SLOWER or (not self.planted and outcome is Outcome.FASTER)

    def _width(self, every: Sequence[Comparison]) -> float | None:
        widths = [log(one.high / one.low) / 2 for one in every if one.low > 0 and one.high < inf]
        return expm1(median(widths)) if widths else None

    def _row(self, rule: str, counts: str, claims: int, total: int, width: float | None) -> Row:
        return Row(self.design, rule, counts, self.planted, claims, total, width, mean(self.seconds))


def table(found: Sequence[Row]) -> str:
    """Return the rows as text, blank lines between designs."""
    lines = [HEADER]
    for before, row in zip([None, *found], found, strict=False):
        if before is not None and before.design != row.design:
            lines.append("")
        lines.append(row.as_line())
    return "\n".join(lines)


def counted(trials: Sequence[Mapping[str, Any]]) -> str:
    """Say how much was measured: "60 alternated, 20 processes, 21 saved"."""
    amounts = {d: sum(t["design"] == d for t in trials) for d in (ALTERNATED, PROCESSES, SAVED)}
    return ", ".join(f"{amount} {design}" for design, amount in amounts.items() if amount) or "nothing"

"""How often verdicts are wrong on this machine, beside other tools' rules on the same measurements."""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import expm1, log
from pathlib import Path
from statistics import mean, median
from time import monotonic
from typing import Any

from scipy import stats

from bench.alternation import alternated_values, in_fresh_process
from bench.contrasts import Contrast
from bench.host import ROOT, environment
from bench.planted import WORK
from bench.process_pairs import ProcessPairs, Side
from diagnostics.comparisons import Comparison, Outcome, Pair, compare_pairs, compare_runs
from diagnostics.differences import RunValues

PARTS = ("alternated", "processes", "saved")
SHARES = (0.0, 0.02, 0.05, 0.10, 0.20)
PROCESS_SHARES = (0.0, 0.10, 0.20)
LOADERS = (("tiny", 0), ("wait", 2))
NUM_PROCESSES = 10
NUM_PAIRS = 8
SAVED_SELECTION = "not weight_decay and not spawn and not forkserver and cpu"
PLANTED_FILE = Path(__file__).resolve().parent / "planted.py"
REFERENCES = ("arithmetic_seconds", "copy_seconds", "pipe_seconds")
HEADER = f"{'design':12} {'rule':34} {'planted':>7} {'claims':>11} {'half-width':>10} {'seconds each':>12}"

Values = list[tuple[float, float]]


@dataclass(frozen=True)
class Row:
    """How often one rule claimed a difference.

    Attributes
    ----------
    design, rule : str
    planted : float
        Share of more work in b; 0 makes every claim a false one.
    num_claims, num_comparisons : int
        Claims of `slower` (and, at 0, of `faster` too).
    half_width : float or None
        Median of the 95 % interval's half-width, as a share.
    seconds : float
        Of one comparison, mean.
    """

    design: str
    rule: str
    planted: float
    num_claims: int
    num_comparisons: int
    half_width: float | None
    seconds: float

    def as_line(self) -> str:
        """Return the row as a line below `HEADER`."""
        claims = f"{self.num_claims}/{self.num_comparisons}"
        share = f"{self.num_claims / max(1, self.num_comparisons):4.0%}"
        width = "" if self.half_width is None else f"{self.half_width:.1%}"
        return (
            f"{self.design:12} {self.rule:34} {self.planted:7.0%} {claims:>6} {share} {width:>10} "
            f"{self.seconds:12.1f}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)


def _gate(center: Callable[[Sequence[float]], float]) -> Callable[[Sequence[float], Sequence[float]], bool]:
    return lambda a, b: abs(log(center(b) / center(a))) > log(1.05)


PEERS: dict[str, Callable[[Sequence[float], Sequence[float]], bool]] = {
    "pytest-benchmark's min:5%": _gate(min),
    "pytest-benchmark's mean:5%": _gate(mean),
    "t-test over rounds": lambda a, b: stats.ttest_ind(a, b).pvalue < 0.05,
    "Mann-Whitney over rounds": lambda a, b: stats.mannwhitneyu(a, b).pvalue < 0.05,
}


def measure(part: str, num_comparisons: int, num_runs: int, seed: int) -> Iterator[Row]:
    """Measure one design and count the claims of its verdict and of the peers' rules."""
    if part == "alternated":
        yield from _alternated(num_comparisons, seed)
    elif part == "processes":
        yield from _processes(num_comparisons, seed)
    else:
        yield from _saved(num_runs)


def _alternated(num_comparisons: int, seed: int) -> Iterator[Row]:
    """Count over all kinds of work, the shares in turns so that the machine's moods hit them alike."""
    chance = random.Random(seed)
    counts: dict[float, _Count] = {share: _Count("alternated", share) for share in SHARES}
    for number in range(num_comparisons):
        work = list(WORK)[number % len(WORK)]
        for share in chance.sample(SHARES, len(SHARES)):
            a, b = ({"work": work, "planted": planted} for planted in (0.0, share))
            contrast = Contrast(work, PLANTED_FILE, "planted_calls", a, b)
            begun = monotonic()
            processes: list[Values] = [
                in_fresh_process(alternated_values, (contrast, chance.randrange(2**32)), 60.0)
                for _ in range(NUM_PROCESSES)
            ]
            ratios = [median(log(b / a) for a, b in values) for values in processes]
            counts[share].add(compare_pairs({work: ratios})[0], monotonic() - begun)
            counts[share].add_peers(*zip(*(pair for values in processes for pair in values), strict=True))
    for count in counts.values():
        yield from count.rows("ab, 10 fresh processes")


def _processes(num_comparisons: int, seed: int) -> Iterator[Row]:
    chance = random.Random(seed)
    counts = {share: _Count("processes", share) for share in PROCESS_SHARES}
    for number in range(num_comparisons):
        workload, num_workers = LOADERS[number % len(LOADERS)]
        for share in chance.sample(PROCESS_SHARES, len(PROCESS_SHARES)):
            a, b = (
                {"workload": workload, "num_workers": num_workers, "planted": planted}
                for planted in (0.0, share)
            )
            contrast = Contrast(workload, PLANTED_FILE, "planted_loader", a, b)
            pairs = ProcessPairs(Side(sys.executable), Side(sys.executable))
            begun = monotonic()
            ratios = [pairs.log_ratio(contrast, chance.randrange(2**32)) for _ in range(NUM_PAIRS)]
            counts[share].add(compare_pairs({workload: ratios})[0], monotonic() - begun)
    for count in counts.values():
        yield from count.rows(f"ab, {NUM_PAIRS} pairs of processes")


def _saved(num_runs: int) -> Iterator[Row]:
    """Compare each run with the one after it, and three with the next three; plant by scaling the times."""
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as folder:
        begun = monotonic()
        documents = [_run_suite(Path(folder) / f"{number}.json") for number in range(num_runs)]
        seconds = (monotonic() - begun) / num_runs
    for size, rule in ((1, "compare, 1 run a side"), (3, "compare, 3 runs a side")):
        starts = range(0, num_runs - 2 * size + 1, 1 if size == 1 else size)
        for share in SHARES:
            count = _Count("saved", share)
            for start in starts:
                a, b = documents[start : start + size], documents[start + size : start + 2 * size]
                for one in compare_runs(*_pairs(a, b, 1 + share), same_machine=True):
                    count.add(one, 2 * size * seconds)
                if size == 1:
                    for name, values in _values(a[0]).items():
                        count.add_peers(values, [(1 + share) * x for x in _values(b[0])[name]])
            yield from count.rows(rule)


def _run_suite(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "pytest", str(ROOT / "bench"), "-q", "-p", "no:cacheprovider"]
    options = ["-k", SAVED_SELECTION, "--passes", "3", "--benchmark-json", str(path)]
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as storage:
        storing = ["--benchmark-storage", storage]
        subprocess.run([*command, *options, *storing], env=environment(), capture_output=True, check=False)
    return json.loads(path.read_text(encoding="utf-8"))


def _values(document: dict[str, Any]) -> dict[str, list[float]]:
    return {
        entry["name"]: [x for one in entry["extra_info"]["passes"] for x in one["rounds_seconds"]]
        for entry in document["benchmarks"]
    }


def _pairs(
    a: Sequence[dict[str, Any]], b: Sequence[dict[str, Any]], factor: float
) -> tuple[dict[str, Pair], dict[str, Pair]]:
    sides = [[_runs(document, scale) for document in side] for side, scale in ((a, 1.0), (b, factor))]
    names = sorted(set.intersection(*(set(run[0]) for side in sides for run in side)))
    configurations = {n: Pair(*(tuple(run[0][n] for run in side) for side in sides)) for n in names}
    references = {r: Pair(*(tuple(run[1][r] for run in side) for side in sides)) for r in REFERENCES}
    return configurations, references


def _runs(document: dict[str, Any], factor: float) -> tuple[dict[str, RunValues], dict[str, RunValues]]:
    started = document["torch_checkup"]["started"]
    entries = [(entry["name"], entry["extra_info"]["passes"]) for entry in document["benchmarks"]]
    configurations = {
        name: RunValues(tuple(factor * one["seconds"] for one in passes), started) for name, passes in entries
    }
    references = {}
    for reference in REFERENCES:
        by_pass: dict[int, list[float]] = {}
        for _, passes in entries:
            for one in passes:
                by_pass.setdefault(one["pass"], []).append(one["reference"][reference])
        references[reference] = RunValues(tuple(median(values) for values in by_pass.values()), started)
    return configurations, references


class _Count:
    """Claims of our verdict and of the peers' rules for one planted share."""

    def __init__(self, design: str, planted: float) -> None:
        self.design, self.planted = design, planted
        self.outcomes: list[Outcome] = []
        self.half_widths: list[float] = []
        self.seconds: list[float] = []
        self.peers: dict[str, list[bool]] = {name: [] for name in PEERS}

    def add(self, one: Comparison, seconds: float) -> None:
        self.outcomes.append(one.verdict)
        self.half_widths.append(log(one.high / one.low) / 2 if one.low > 0 else float("inf"))
        self.seconds.append(seconds)

    def add_peers(self, a: Sequence[float], b: Sequence[float]) -> None:
        for name, rule in PEERS.items():
            if len(a) > 1:
                self.peers[name].append(bool(rule(a, b)))

    def rows(self, rule: str) -> Iterator[Row]:
        claims = {Outcome.SLOWER} if self.planted else {Outcome.SLOWER, Outcome.FASTER}
        width = expm1(median(self.half_widths)) if self.half_widths else None
        seconds = mean(self.seconds) if self.seconds else 0.0
        own = sum(outcome in claims for outcome in self.outcomes)
        yield Row(self.design, rule, self.planted, own, len(self.outcomes), width, seconds)
        for name, claimed in self.peers.items():
            if claimed:
                yield Row(self.design, name, self.planted, sum(claimed), len(claimed), None, seconds)

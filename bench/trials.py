"""What a calibration measures: comparisons by both designs of `ab`, and runs of the suite to be saved.

A trial is a JSON object: what was measured, never a verdict. `bench.calibration` counts the verdicts.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from multiprocessing import get_all_start_methods
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from bench.alternation import alternated_values, in_fresh_process, median_log_ratio
from bench.commands import CommandError
from bench.contrasts import LOADER_FILE, LOADER_FUNCTION, Contrast
from bench.host import ROOT, environment
from bench.planted import WORK
from bench.process_pairs import ProcessPairs, Side
from bench.start_methods import IN_PROCESS
from diagnostics.recorded import pass_seconds, reference_seconds, rounds_seconds

Trial = dict[str, Any]
Measured = tuple[float, Sequence[float], Sequence[float]]  # a unit's log-ratio, and a's and b's values

ALTERNATED, PROCESSES, SAVED = PARTS = ("alternated", "processes", "saved")
SHARES = (0.0, 0.02, 0.05, 0.10, 0.20)
LOADERS = (("tiny", IN_PROCESS, 0), ("wait", get_all_start_methods()[0], 2))  # the platform's default
MIN_UNITS = 3
SAVED_SELECTION = "(throughput or batchnorm or dropout) and not spawn and not forkserver and cpu"
PLANTED_FILE = Path(__file__).resolve().parent / "planted.py"


@dataclass(frozen=True)
class Extent:
    """How much a calibration measures.

    Attributes
    ----------
    num_identical, num_planted : int
        Alternated comparisons of identical work, and of each planted share.
    num_processes : int
        Comparisons by pairs of processes, all of identical work.
    num_runs, num_passes : int
        Runs of the suite, and passes in each.
    seconds, process_seconds : float
        Of one alternated comparison, and of one by pairs of processes.
    """

    num_identical: int = 60
    num_planted: int = 20
    num_processes: int = 20
    num_runs: int = 21
    num_passes: int = 3
    seconds: float = 4.0
    process_seconds: float = 60.0


def missing(part: str, extent: Extent, done: Sequence[Trial], seed: int) -> Iterator[Callable[[], Trial]]:
    """Yield what is still to be measured of a part, in an order that the machine's moods hit alike."""
    chance = random.Random(f"{seed} {len(done)}")
    found = Counter(trial.get("planted", 0.0) for trial in done if trial["design"] == part)
    if part == ALTERNATED:
        wanted = {share: extent.num_planted if share else extent.num_identical for share in SHARES}
        shares = [share for share, number in wanted.items() for _ in range(number - found[share])]
        for share in chance.sample(shares, len(shares)):
            work, number = chance.choice(list(WORK)), chance.randrange(2**32)
            yield partial(alternated, work, share, number, extent.seconds)
    elif part == PROCESSES:
        for number in range(found[0.0], extent.num_processes):
            yield partial(pairs_of_processes, LOADERS[number % 2], number, extent.process_seconds)
    else:
        for _ in range(found[0.0], extent.num_runs):
            yield partial(saved_run, extent.num_passes)


def alternated(work: str, planted: float, seed: int, seconds: float) -> Trial:
    """Alternate work and the same work with a share more, in fresh processes until the time is up."""
    sides = ({"work": work, "planted": share} for share in (0.0, planted))
    contrast = Contrast(work, PLANTED_FILE, "PlantedCalls", *sides)
    chance = random.Random(seed)

    def unit() -> Measured:
        pairs = in_fresh_process(alternated_values, (contrast, chance.randrange(2**32)), 60.0)
        a, b = zip(*pairs, strict=True)
        return median_log_ratio(pairs), a, b

    return {"design": ALTERNATED, "work": work, "planted": planted, "units": _units(unit, seconds)}


def pairs_of_processes(loader: tuple[str, str, int], seed: int, seconds: float) -> Trial:
    """Measure a loader against itself in pairs of processes until the time is up."""
    workload, start_method, num_workers = loader
    params = {
        "workload": workload, "device": "cpu", "start_method": start_method, "num_workers": num_workers,
    }  # fmt: skip
    contrast = Contrast(workload, LOADER_FILE, LOADER_FUNCTION, params, params)
    pairs, chance = ProcessPairs(Side(sys.executable), Side(sys.executable)), random.Random(seed)

    def unit() -> Measured:
        a, b = pairs.values(contrast, chance.randrange(2**32))
        return log(median(b) / median(a)), a, b

    units = _units(unit, seconds)
    return {"design": PROCESSES, "work": workload, "planted": 0.0, "units": units}


def _units(measure: Callable[[], Measured], seconds: float) -> list[dict[str, Any]]:
    """Measure unit after unit; none begins that would not end in time, but for the first three."""
    begun = monotonic()
    units: list[dict[str, Any]] = []
    while len(units) < MIN_UNITS or monotonic() - begun + units[-1]["seconds"] < seconds:
        starts = monotonic()
        ratio, a, b = measure()
        units.append({"log_ratio": ratio, "seconds": monotonic() - starts, "a": list(a), "b": list(b)})
    return units


def saved_run(num_passes: int) -> Trial:
    """Run the suite's loader and layer configurations once and keep what a comparison needs of the file."""
    command = [sys.executable, "-m", "pytest", str(ROOT / "bench"), "-q", "-p", "no:cacheprovider"]
    begun = monotonic()
    with tempfile.TemporaryDirectory(prefix="torch-checkup-") as folder:
        path = Path(folder) / "run.json"
        options = ["-k", SAVED_SELECTION, "--passes", str(num_passes), "--benchmark-json", str(path)]
        storing = ["--benchmark-storage", folder]
        ran = subprocess.run(
            [*command, *options, *storing], env=environment(), capture_output=True, text=True, check=False
        )
        if not path.exists():
            last = (ran.stdout.strip().splitlines() or ["it said nothing"])[-1]
            raise CommandError(f"the suite wrote no result to compare: {last}")
        document = json.loads(path.read_text(encoding="utf-8"))
    entries = {entry["name"]: entry["extra_info"]["passes"] for entry in document["benchmarks"]}
    return {
        "design": SAVED,
        "started": document["torch_checkup"]["started"],
        "seconds": monotonic() - begun,
        "configurations": {name: pass_seconds(passes) for name, passes in entries.items()},
        "rounds": {name: rounds_seconds(passes) for name, passes in entries.items()},
        "references": reference_seconds(entries.values()),
    }

"""The three answers of the first screen, each with its number, its interval and its sureness.

Pure functions from a run to an answer; the page and the terminal only format what stands here.
"""

import math
from dataclasses import dataclass

from diagnostics.intervals import Interval, geometric_interval, mean_interval, ratio_interval
from reports import frames
from reports.frames import Column, Frame
from reports.load import Run
from reports.values import as_number

WITHIN = 0.03  # fewer workers are enough where they reach the best throughput but for this share
DISTURBED_STEAL = 0.02
DISTURBED_DRIFT = 0.05  # coefficient of variation of a reference over the passes
IN_PROCESS = "in-process"
USABLE_CORES = "cpu.usable_cores"
DEFAULT_START_METHOD = "process.default_start_method"


@dataclass(frozen=True)
class WorkersAnswer:
    """How many workers are enough for one workload.

    Attributes
    ----------
    throughput : Interval
        Samples per second at `num_workers`, over passes.
    factor : Interval or None
        That throughput over the one of `num_workers=0`, paired by pass; None where 0 was not measured.
    perhaps : int or None
        The fewest workers that the passes do not tell from the best either; None where they tell them all.
    """

    workload: str
    start_method: str
    num_workers: int
    throughput: Interval
    factor: Interval | None
    perhaps: int | None = None


@dataclass(frozen=True)
class StepCost:
    """The share of a CNN training step that one layer takes, over passes."""

    layer: str
    device: str
    share: Interval


@dataclass(frozen=True)
class DecayAnswer:
    """What the best weight decay of a study changed, over seeds; differences are paired by seed.

    Attributes
    ----------
    best : float
        The weight decay of the highest mean test accuracy; 0 where none beat it.
    test, test_without : Interval
        Test accuracy at `best` and at 0, fractions of 1.
    gain : Interval
        `test - test_without`.
    gap, gap_without : Interval
        Train minus test accuracy at `best` and at 0.
    harmful_from : float or None
        The smallest decay above `best` whose test accuracy is surely below that of 0.
    """

    best: float
    test: Interval
    test_without: Interval
    gain: Interval
    gap: Interval
    gap_without: Interval
    harmful_from: float | None


def usable_cores(run: Run) -> float:
    """Return how many cores the run could use, NaN where the file does not say."""
    return as_number(run.facts[USABLE_CORES].value) if USABLE_CORES in run.facts else math.nan


def chosen_start_method(run: Run, loader: Frame) -> str:
    """Return the method measured at the most worker counts, the machine's default where several are."""
    started = loader[loader["start_method"] != IN_PROCESS]
    if started.empty:
        return IN_PROCESS
    breadth = started.groupby("start_method", sort=False)["num_workers"].nunique()
    widest = list(breadth[breadth == breadth.max()].index)
    default = run.facts.get(DEFAULT_START_METHOD)
    return str(default.value) if default and default.value in widest else widest[0]


def paired(frame: Frame, column: str, by: str, key: str, first: float, second: float) -> Frame:
    """Return the values of `column` where `by` is `first` and where it is `second`, on the keys both have."""
    table = frame[frame[by].isin([first, second])].pivot_table(index=key, columns=by, values=column)
    return table.reindex(columns=list(dict.fromkeys([first, second]))).dropna()


def workers(run: Run) -> list[WorkersAnswer]:
    """Return, per workload, the fewest workers within 3 % of the best throughput measured."""
    loader = frames.loader(run)
    if loader.empty:
        return []
    return [
        _enough_workers(part, workload, chosen_start_method(run, part))
        for workload, part in loader.groupby("workload", sort=False)
    ]


def _enough_workers(line: Frame, workload: str, start_method: str) -> WorkersAnswer:
    line = line[line["start_method"].isin([start_method, IN_PROCESS])]
    by_count = {n: geometric_interval(part["samples_per_second"]) for n, part in line.groupby("num_workers")}
    best = max(by_count, key=lambda n: by_count[n].estimate)
    enough = min(n for n in by_count if by_count[n].estimate >= (1 - WITHIN) * by_count[best].estimate)
    factor = _throughput_ratio(line, enough, 0) if 0 in by_count else None
    fewer = sorted(n for n in by_count if n < enough)
    perhaps = (n for n in fewer if not _throughput_ratio(line, n, best).high < 1 - WITHIN)
    return WorkersAnswer(workload, start_method, enough, by_count[enough], factor, next(perhaps, None))


def _throughput_ratio(line: Frame, num_workers: int, over: int) -> Interval:
    """Samples per second at one number of workers over that at another, paired by pass."""
    pairs = paired(line, "samples_per_second", "num_workers", "pass", num_workers, over)
    return ratio_interval(pairs.iloc[:, 0].to_numpy(), pairs.iloc[:, -1].to_numpy())


def step_costs(run: Run) -> list[StepCost]:
    """Return what batch norm and dropout take of a training step, batch norm first."""
    steps = frames.steps(run)
    if steps.empty:
        return []
    groups = steps.groupby(["layer", "device"], sort=True)
    return [StepCost(layer, device, mean_interval(g["share_of_step"])) for (layer, device), g in groups]


def weight_decay(run: Run) -> DecayAnswer | None:
    """Return what weight decay does in the run's study, None where 0 or every other decay is missing."""
    study = frames.weight_decay(run)
    if study.empty or study["weight_decay"].nunique() < 2 or not (study["weight_decay"] == 0).any():
        return None
    means = study.groupby("weight_decay")[chosen_by(study)].mean()
    best = float(means.idxmax())
    at_best, at_zero = study[study["weight_decay"] == best], study[study["weight_decay"] == 0]
    harmful = (d for d in means.index if d > best and _difference(study, d).high < 0)
    return DecayAnswer(
        best=best,
        test=mean_interval(at_best["test_accuracy"]),
        test_without=mean_interval(at_zero["test_accuracy"]),
        gain=_difference(study, best),
        gap=mean_interval(at_best["gap"] if "gap" in study else []),
        gap_without=mean_interval(at_zero["gap"] if "gap" in study else []),
        harmful_from=next(harmful, None),
    )


def chosen_by(study: Frame) -> str:
    """Return what decides which decay is best: validation samples, in older files the test set itself."""
    has_validation = "validation_accuracy" in study and study["validation_accuracy"].notna().all()
    return "validation_accuracy" if has_validation else "test_accuracy"


def _difference(study: Frame, decay: float) -> Interval:
    """Test accuracy at a decay minus that at 0, paired by seed."""
    pairs = paired(study, "test_accuracy", "weight_decay", "seed", decay, 0.0)
    return mean_interval(pairs.iloc[:, 0] - pairs.iloc[:, -1])


@dataclass(frozen=True)
class Steadiness:
    """How far the machine held still while it measured.

    Attributes
    ----------
    num_passes : int
    drifting, drift : str, float
        The reference that varied most over the passes ("" from one pass), its coefficient of variation.
    steal : float
        The largest mean share of CPU time stolen in a pass; NaN where it was not recorded.
    """

    num_passes: int
    drifting: str
    drift: float
    steal: float


def variation(relative: Column) -> float:
    """Return the coefficient of variation, NaN below two values."""
    return float(relative.std(ddof=1) / relative.mean()) if len(relative) > 1 else math.nan


def steadiness(run: Run) -> Steadiness:
    """Return how steady the run's passes were."""
    passes, reference = frames.passes(run), frames.reference(run)
    if passes.empty:
        return Steadiness(0, "", math.nan, math.nan)
    steal = float(passes.groupby("pass")["steal_fraction"].mean().max())
    kinds = reference.groupby("kind") if len(reference) else ()
    drifts = {kind: variation(part["relative"]) for kind, part in kinds if len(part) > 1}
    worst = max(drifts, key=lambda kind: drifts[kind], default="")
    return Steadiness(passes["pass"].nunique(), worst, drifts.get(worst, math.nan), steal)

"""Seconds a batch of any setting, from what samples cost and what handing over costs. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from diagnostics.ladder.pipeline import in_batches, seconds_per_batch
from diagnostics.tuning.settings import Setting

GUESSED_CROSSING = 5e-4  # seconds a batch, until the first trial with workers measures it
NUM_BATCHES = 200
NEAR = 1.25  # times the best: predictions within it are worth a trial beside it
UNUSUAL_GAIN = 0.95
SLACK = 1.03  # times what resources allow: beyond it other arguments than the number of workers may help
TOLERANCE = 0.03  # settings so close to the best are as good: the smallest of them wins


@dataclass(frozen=True)
class Costs:
    """What the model knows.

    Attributes
    ----------
    wall, cpu : list of float
        Seconds of single samples.
    collate, collate_cpu : float
        Seconds a batch, and those of them on the processor.
    alone : float
        Measured seconds a batch without workers, without the step.
    crossing : float
        Seconds a batch that handing over takes of the main process, at least.
    busy_crossing : float
        Processor seconds of it, all processes together.
    cores : float
        Usable ones.
    step : float
        Seconds a batch.
    """

    wall: list[float]
    cpu: list[float]
    batch_size: int
    collate: float
    collate_cpu: float
    alone: float
    cores: float
    step: float = 0.0
    crossing: float = GUESSED_CROSSING
    busy_crossing: float = 0.0

    def with_crossing(self, seconds: float, busy: float) -> "Costs":
        """Return them with a measured crossing."""
        return replace(self, crossing=seconds, busy_crossing=busy)


def predict(costs: Costs, setting: Setting) -> float:
    """Return modelled seconds a batch of the loop."""
    if not setting.num_workers:
        return costs.alone + costs.step
    batches = in_batches(costs.wall, costs.batch_size, NUM_BATCHES) + costs.collate
    by_workers = seconds_per_batch(
        batches, setting.num_workers, setting.prefetch_factor, not setting.is_unordered, costs.step
    )
    busy = costs.batch_size * float(np.mean(costs.cpu)) + costs.collate_cpu + costs.busy_crossing
    return max(by_workers, busy / costs.cores, costs.crossing + costs.step)


def least(costs: Costs, num_workers: int) -> float:
    """Return seconds a batch below which no setting with so many workers can get: what resources allow."""
    batch = costs.batch_size * float(np.mean(costs.wall)) + costs.collate
    busy = costs.batch_size * float(np.mean(costs.cpu)) + costs.collate_cpu + costs.busy_crossing
    return max(batch / num_workers, busy / costs.cores, costs.crossing + costs.step)


def corrected(
    costs: Costs, measured: Mapping[Setting, float], settings: Iterable[Setting]
) -> dict[Setting, float]:
    """Return predictions bent to what was measured.

    The error of the model is a matter of the number of workers: between two measured numbers it is
    interpolated over their logarithm, beyond them it stays.
    """
    known = sorted((one for one in measured if one.num_workers), key=lambda one: one.num_workers)
    at = np.log([one.num_workers for one in known])
    errors = np.log([measured[one] / predict(costs, one) for one in known])
    found = {}
    for one in settings:
        guess = predict(costs, one)
        if one in measured:
            guess = measured[one]
        elif one.num_workers and known:
            guess *= float(np.exp(np.interp(np.log(one.num_workers), at, errors)))
        found[one] = guess
    return found


def smallest_within(seconds: Mapping[Setting, float], tolerance: float = TOLERANCE) -> Setting:
    """Return the smallest setting whose time is so close to the best."""
    best = min(seconds.values())
    return min(one for one, taken in seconds.items() if taken <= best * (1 + tolerance))


def propose(
    costs: Costs,
    measured: Mapping[Setting, float],
    settings: Iterable[Setting],
    variants: Iterable[Setting] = (),
) -> Setting | None:
    """Return the setting to try next, None where nothing promises more.

    First the one that the bent model thinks best. Where that is measured, the fewest workers that would be as
    fast as the fastest, had each the pace of the main process: where all share a lock, a disk or the sampler,
    many are no quicker than a few. Then its neighbours: the next smaller one that might be as good, and
    the next larger one where the largest tried so far is the best. Where
    these are measured too and the best is slower than resources explain, other arguments, at first all of
    them: what the model does not know (slow samples in runs, jitter) is what order and prefetching are for.
    """
    guesses = corrected(costs, measured, settings)
    promised = (
        {one: taken for one, taken in guesses.items() if one.num_workers} if len(measured) < 2 else guesses
    )
    if not promised:
        return None
    best = smallest_within(promised)
    if best not in measured:
        return best
    plain = sorted(
        {one for one in guesses if one.num_workers and one.prefetch_factor == best.prefetch_factor}
        - {one for one in guesses if one.is_unordered != best.is_unordered}
    )
    smaller = [one for one in plain if one.num_workers < best.num_workers][-1:]
    above = [one for one in plain if one.num_workers > best.num_workers]
    is_short = best.num_workers and measured[best] > SLACK * least(costs, best.num_workers)
    larger = [one for one in above if one.num_workers >= (2 if is_short else 1) * best.num_workers][:1]
    larger = larger or above[-1:]
    few = _fewest_for_fastest(costs, measured, guesses)
    for one in [*few, *(larger + smaller if best.num_workers else plain[1:2])]:
        if one not in measured and (one in few or guesses[one] < NEAR * measured[best]):
            return one
    if not best.num_workers or measured[best] < SLACK * least(costs, best.num_workers):
        return None
    beside = sorted(one for one in variants if one.num_workers == best.num_workers)
    if not beside or (beside[-1] in measured and best == best.plain):
        return None  # what more prefetching and no order together do not gain, neither gains alone
    return next((one for one in (beside[-1], *beside) if one not in measured), None)


def _fewest_for_fastest(
    costs: Costs, measured: Mapping[Setting, float], settings: Iterable[Setting]
) -> list[Setting]:
    """Return the fewest workers that may reach the fastest, if fewer than that has may."""
    fastest = min(measured, key=lambda one: measured[one])
    wanted = measured[fastest] * (1 + TOLERANCE)
    enough = [
        one
        for one in settings
        if 0 < one.num_workers < fastest.num_workers
        and one == one.plain
        and (measured[Setting(0)] - costs.step) / one.num_workers <= wanted
        and costs.crossing + costs.step <= wanted
    ]
    return sorted(enough)[:1]


def worth_trying(costs: Costs, settings: Iterable[Setting]) -> list[Setting]:
    """Return the settings without those whose unusual argument promises nothing over the usual one."""
    return [
        one
        for one in settings
        if one == one.plain or predict(costs, one) < UNUSUAL_GAIN * predict(costs, one.plain)
    ]

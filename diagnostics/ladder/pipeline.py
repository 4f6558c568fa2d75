"""How fast a DataLoader delivers batches of known cost: torch's own schedule, replayed. Pure."""

import heapq
from collections.abc import Sequence

import numpy as np


def in_batches(sample_seconds: Sequence[float], batch_size: int, most: int = 400) -> np.ndarray:
    """Return seconds of batches made of measured samples, which are gone through again and again.

    The start of a batch moves through the samples by a step that shares no divisor with their number, so
    that rare slow samples meet all positions.
    """
    samples = np.asarray(sample_seconds, dtype=float)
    starts = np.arange(most) * batch_size
    return samples[(starts[:, None] + np.arange(batch_size)) % samples.size].sum(1)


def seconds_per_batch(
    batch_seconds: Sequence[float] | np.ndarray,
    num_workers: int,
    prefetch_factor: int = 2,
    in_order: bool = True,
    step_seconds: float = 0.0,
) -> float:
    """Return seconds a batch of the loop, where nothing but the workers' time counts.

    Parameters
    ----------
    batch_seconds : sequence of float, shape (n,)
        What each batch takes in a worker.
    num_workers : int
        0: the loop loads by itself.

    Returns
    -------
    float
        From the arrival of batch W to the last one.
    """
    durations = np.asarray(batch_seconds, dtype=float)
    if not num_workers:
        return float(durations.mean()) + step_seconds
    run = _in_order if in_order else _as_they_come
    taken = run(durations, num_workers, prefetch_factor, step_seconds)
    skipped = min(num_workers, len(taken) - 2)
    return float((taken[-1] - taken[skipped]) / (len(taken) - 1 - skipped))


def _in_order(durations: np.ndarray, num_workers: int, prefetch: int, step: float) -> list[float]:
    """Return when each batch has been used: batch j is worker j mod W's, and waits for those before it."""
    free: list[float] = [0.0] * num_workers
    used: list[float] = []
    ahead = num_workers * prefetch
    for j, duration in enumerate(durations):
        asked = used[j - ahead] if j >= ahead else 0.0
        worker = j % num_workers
        free[worker] = max(free[worker], asked) + duration
        used.append(max(used[-1] if used else 0.0, free[worker]) + step)
    return used


def _as_they_come(durations: np.ndarray, num_workers: int, prefetch: int, step: float) -> list[float]:
    """Return when each batch has been used, the first that is ready first."""
    free, pending = [0.0] * num_workers, [0] * num_workers
    ready: list[tuple[float, int]] = []
    used: list[float] = []
    now = 0.0

    def put(duration: float) -> None:
        worker = min(range(num_workers), key=lambda one: pending[one])
        free[worker] = max(free[worker], now) + duration
        pending[worker] += 1
        heapq.heappush(ready, (free[worker], worker))

    waiting = iter(durations)
    for duration in [one for _, one in zip(range(num_workers * prefetch), waiting, strict=False)]:
        put(duration)
    while ready:
        at, worker = heapq.heappop(ready)
        pending[worker] -= 1
        now = max(now, at)
        for duration in waiting:
            put(duration)
            break
        now += step
        used.append(now)
    return used

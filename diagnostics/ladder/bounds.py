"""Evidence in, verdict out: what bounds a DataLoader, and what each stage would give if it were free. Pure.

A stage's gain is the modelled time of the loop over that without the stage; the largest gain is the bound.
The idea is Plumber's (Kuchnik et al., MLSys 2022): resources, not timings, say what may be gained.
"""

from dataclasses import dataclass, replace

import numpy as np

from diagnostics.ladder.evidence import Evidence
from diagnostics.ladder.pipeline import in_batches, seconds_per_batch

HIDDEN = 0.05  # of the loop: less waiting is no waiting
LEAST_GAIN = 1.05
HEADROOM = 4.0  # a loader so many times faster than the step idles; below that the two fit each other
QUICK_BATCH_SECONDS = 1e-3  # no training step is faster
MEMORY_SLOWDOWN = 1.15  # computing alone stays within 1.05 of it here; what only copies is at 1.2 and more
THREADS_GAIN = 1.15
THROTTLED = 0.05
QUEUEING_SHARE = 0.3  # of the time of fetching: less of it is jitter
QUOTA_SHARE = 0.95  # of the cores that are counted
STAGES = ("cpu", "wait", "copy", "skew", "crossing", "startup", "pin", "sampler")


@dataclass(frozen=True)
class Stage:
    """What one stage costs.

    Attributes
    ----------
    seconds : float
        A batch, in the process that does it.
    gain : float
        How many times as fast the loop would be were the stage free.
    """

    name: str
    seconds: float
    gain: float

    def as_dict(self) -> dict[str, object]:
        """Return a JSON-ready dictionary."""
        return {"name": self.name, "seconds_per_batch": self.seconds, "gain": self.gain}


@dataclass(frozen=True)
class Verdict:
    """What bounds the loop.

    Attributes
    ----------
    bound : str
        One of DESIGN's words.
    stages : list of Stage
        Largest gain first.
    exposed : float
        Share of the loop in which the step waits for data; 1 without a step.
    """

    bound: str
    stages: list[Stage]
    exposed: float

    @property
    def gain(self) -> float:
        """Of the stage that bounds, 1 where nothing does."""
        return next((one.gain for one in self.stages if one.name == self.bound), 1.0)


@dataclass(frozen=True)
class _Parts:
    """What a batch costs: samples and collating split into processor, copying and waiting time."""

    cpu: np.ndarray
    wait: np.ndarray
    skew: np.ndarray
    copy_fetch: np.ndarray
    collate_cpu: float
    collate_wait: float
    collate_copy: float
    crossing: float
    payload: float
    busy_crossing: float
    pin: float
    sampler: float
    sampler_cpu: float


def _split(evidence: Evidence) -> _Parts:
    wall, cpu = np.asarray(evidence.wall), np.minimum(np.asarray(evidence.cpu), np.asarray(evidence.wall))
    slow = evidence.slow_at
    usual_wall = np.where(slow, np.median(wall[~slow]) if slow.any() else 0.0, wall)
    usual_cpu = np.where(slow, np.median(cpu[~slow]) if slow.any() else 0.0, cpu)
    usual_cpu = np.minimum(usual_cpu, usual_wall)
    copies, collate_copies = evidence.is_copying, evidence.collate_is_copying
    return _Parts(
        cpu=usual_cpu * (not copies),
        wait=usual_wall - usual_cpu,
        skew=wall - usual_wall,
        copy_fetch=usual_cpu * copies,
        collate_cpu=evidence.collate * (not collate_copies),
        collate_wait=evidence.collate_wait,
        collate_copy=evidence.collate * collate_copies,
        crossing=evidence.crossing,
        payload=evidence.payload,
        busy_crossing=evidence.busy_crossing,
        pin=evidence.pin_seconds,
        sampler=evidence.sampler,
        sampler_cpu=evidence.sampler_cpu,
    )


def _loop_seconds(parts: _Parts, evidence: Evidence) -> float:
    """Return modelled seconds a batch: the slowest of workers, processors, the handing over and the step."""
    samples = parts.cpu + parts.wait + parts.skew + parts.copy_fetch
    collate = parts.collate_cpu + parts.collate_copy
    batches = in_batches(samples, evidence.batch_size) + collate + parts.collate_wait
    if not evidence.num_workers:
        return seconds_per_batch(batches, 0, step_seconds=evidence.step) + parts.pin + parts.sampler
    by_workers = seconds_per_batch(
        batches, evidence.num_workers, evidence.prefetch_factor, evidence.in_order, evidence.step
    )
    own = evidence.batch_size * float((parts.cpu + parts.copy_fetch).mean()) + collate
    by_cores = (own + parts.busy_crossing + parts.sampler_cpu) / evidence.usable_cores
    handing = parts.crossing + parts.payload + parts.pin
    if evidence.is_pinned:  # in torch's thread for pinning, beside the step
        return max(by_workers, by_cores, handing, parts.sampler + evidence.step)
    return max(by_workers, by_cores, handing + parts.sampler + evidence.step)


def _without(parts: _Parts, stage: str) -> _Parts:
    nothing = np.zeros_like(parts.cpu)
    free = {
        "cpu": {"cpu": nothing, "collate_cpu": 0.0},
        "wait": {"wait": nothing, "collate_wait": 0.0},
        "skew": {"skew": nothing},
        "copy": {"copy_fetch": nothing, "collate_copy": 0.0, "payload": 0.0},
        "crossing": {"crossing": 0.0, "busy_crossing": 0.0},
        "pin": {"pin": 0.0},
        "sampler": {"sampler": 0.0, "sampler_cpu": 0.0},
    }
    return replace(parts, **free[stage])  # type: ignore[arg-type]


def _seconds(parts: _Parts, stage: str, batch_size: int) -> float:
    each = {
        "cpu": parts.cpu,
        "wait": parts.wait,
        "skew": parts.skew,
        "copy": parts.copy_fetch,
    }
    whole = {
        "cpu": parts.collate_cpu,
        "wait": parts.collate_wait,
        "copy": parts.collate_copy + parts.payload,
        "crossing": parts.crossing,
        "pin": parts.pin,
        "sampler": parts.sampler,
    }
    return batch_size * float(each.get(stage, np.zeros(1)).mean()) + whole.get(stage, 0.0)


def stages(evidence: Evidence) -> list[Stage]:
    """Return what every stage costs and would give, the largest gain first."""
    parts = _split(evidence)
    whole = _loop_seconds(parts, evidence)
    found = [
        Stage(
            name,
            _seconds(parts, name, evidence.batch_size),
            whole / max(_loop_seconds(_without(parts, name), evidence), 1e-9),
        )
        for name in STAGES
        if name != "startup"
    ]
    if evidence.num_batches:
        each = evidence.start / evidence.num_batches
        found.append(Stage("startup", each, 1 + each / max(evidence.measured, 1e-9)))
    found.extend(_contention(evidence, parts, whole))
    return sorted(found, key=lambda one: -one.gain)


def _contention(evidence: Evidence, parts: _Parts, whole: float) -> list[Stage]:
    """Return what is lost because processes get in each other's way."""
    found = []
    computing = _seconds(parts, "cpu", evidence.batch_size)
    if evidence.one_thread_gain >= THREADS_GAIN:
        lost = evidence.measured * (1 - 1 / evidence.one_thread_gain)
        found.append(Stage("threads", lost, evidence.one_thread_gain))
    fetching = evidence.batch_size * float(np.mean(evidence.wall)) + evidence.queueing
    if evidence.queueing > QUEUEING_SHARE * fetching:
        queued = (fetching + evidence.collate + evidence.collate_wait) / evidence.num_workers
        found.append(Stage("queueing", evidence.queueing, max(1.0, min(queued, evidence.loading) / whole)))
    if evidence.memory_slowdown >= MEMORY_SLOWDOWN and not evidence.is_copying and computing:
        free = whole / max(_loop_seconds(_without(parts, "cpu"), evidence), 1e-9)
        found.append(Stage("memory_bandwidth", computing, free))
    quota = evidence.quota_cores
    if quota is not None and quota < QUOTA_SHARE * evidence.counted_cores and evidence.throttled > THROTTLED:
        more = replace(evidence, usable_cores=float(evidence.counted_cores))
        gain = max(whole / max(_loop_seconds(parts, more), 1e-9), 1 / (1 - min(evidence.throttled, 0.95)))
        found.append(Stage("quota", evidence.measured * evidence.throttled, gain))
    return found


def judge(evidence: Evidence) -> Verdict:
    """Return what bounds the loop: a cause of contention before the work that it slows."""
    ranked = stages(evidence)
    exposed = 1.0
    if evidence.step:
        exposed = max(0.0, 1 - evidence.step / max(evidence.measured, evidence.step))
        gain = max(1.0, evidence.measured / max(evidence.loading, 1e-9))
        ranked.append(Stage("consumer", evidence.step, gain))
    return Verdict(_bound(evidence, ranked, exposed), ranked, exposed)


def _bound(evidence: Evidence, ranked: list[Stage], exposed: float) -> str:
    gains = {one.name: one.gain for one in ranked}
    if evidence.step and exposed < HIDDEN:
        return "consumer" if evidence.step >= HEADROOM * evidence.loading else "none"
    for cause in ("quota", "threads", "queueing"):
        if gains.get(cause, 1.0) >= THREADS_GAIN:
            return cause
    name, gain = max(((n, g) for n, g in gains.items() if n != "consumer"), key=lambda pair: pair[1])
    if gain < LEAST_GAIN and evidence.step >= HEADROOM * evidence.loading > 0:
        return "consumer"
    if gain < LEAST_GAIN and evidence.step:  # more waiting than the model explains: what bounds the loading?
        name, gain = next((one.name, one.gain) for one in stages(replace(evidence, step=0.0)))
    if gain < LEAST_GAIN:
        return "none"
    if not evidence.step and not evidence.num_workers and evidence.measured < QUICK_BATCH_SECONDS:
        return "none"
    return "memory_bandwidth" if name == "cpu" and "memory_bandwidth" in gains else name

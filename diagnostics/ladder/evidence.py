"""What was measured of a DataLoader, in seconds a batch: plain numbers, so that the judging is pure."""

from dataclasses import dataclass, field

import numpy as np

from diagnostics.intervals import Interval, geometric_interval

SLOW_TIMES = 10.0  # times the median sample
SLOW_SECONDS = 1e-3  # below that a sample is not slow, whatever the others are
COPY_SHARE = 0.3  # of the processor time that copying explains: sample code copies twice or three times
COPY_BYTES = 32 * 1024  # smaller samples do not leave the caches


@dataclass(frozen=True)
class Evidence:
    """One DataLoader, measured.

    Attributes
    ----------
    wall, cpu : list of float
        Seconds of single samples in the main process; the second of all its threads together.
    copy_seconds : float
        What copying one sample's bytes takes here.
    collate, collate_wait : float
        Processor seconds of collating a batch, and seconds in which it waits.
    num_workers : int
        Of the loader that is judged.
    crossing, payload : float
        What a batch without and with its contents costs to hand over; 0 without workers.
    busy_crossing : float
        Processor seconds of handing over a batch, all processes together.
    sampler, sampler_cpu : float
        Seconds a batch in which the main process draws its indices, and those of them on the processor.
    queueing : float
        Seconds a batch that samples wait longer in a worker than alone: for each other.
    step : float
        Seconds a batch of the training step; 0 where none was given.
    start, num_batches : float, int or None
        Seconds until the workers deliver, and batches between two starts; None where they stay up.
    usable_cores, counted_cores : float, int
        Measured side by side, and those that the process may run on.
    quota_cores : float or None
    throttled : float
        Share of the time in which the quota stopped the processes.
    memory_slowdown : float
        Of the samples beside a copier of memory, over that beside a mere computer; 1 where not measured.
    one_thread_gain : float
        Throughput with one thread in each worker over that as it is; 1 where not measured.
    pin_seconds : float
        Seconds a batch that pinning adds to handing it over; 0 where the loader does not pin.
    is_pinned : bool
        Whether the loader pins.
    loading : float
        Seconds a batch of the loop without the step.
    measured : float
        Seconds a batch of the loop as it is, with the step where there is one. Both include pinning.
    """

    wall: list[float]
    cpu: list[float]
    batch_size: int
    sample_bytes: float
    copy_seconds: float
    collate: float
    num_workers: int
    measured: float
    prefetch_factor: int = 2
    in_order: bool = True
    collate_wait: float = 0.0
    crossing: float = 0.0
    payload: float = 0.0
    busy_crossing: float = 0.0
    sampler: float = 0.0
    sampler_cpu: float = 0.0
    queueing: float = 0.0
    step: float = 0.0
    start: float = 0.0
    num_batches: int | None = None
    usable_cores: float = 1.0
    counted_cores: int = 1
    quota_cores: float | None = None
    throttled: float = 0.0
    memory_slowdown: float = 1.0
    one_thread_gain: float = 1.0
    pin_seconds: float = 0.0
    is_pinned: bool = False
    loading: float = 0.0

    @property
    def is_copying(self) -> bool:
        """Whether the samples' processor time is that of copying their bytes."""
        return self._is_copying(float(np.mean(self.cpu)) if self.cpu else 0.0)

    @property
    def collate_is_copying(self) -> bool:
        """Whether collating takes no more of the processor than copying its samples' bytes does."""
        return self._is_copying(self.collate / self.batch_size)

    def _is_copying(self, sample_seconds: float) -> bool:
        return self.sample_bytes >= COPY_BYTES and self.copy_seconds > COPY_SHARE * sample_seconds

    @property
    def slow_at(self) -> np.ndarray:
        """Which samples are slow, as booleans."""
        wall = np.asarray(self.wall)
        limit = max(SLOW_SECONDS, SLOW_TIMES * float(np.median(wall)))
        slow = wall > limit
        return slow if slow.sum() >= 2 and slow.mean() < 0.2 else np.zeros(wall.size, dtype=bool)


@dataclass(frozen=True)
class Rung:
    """One step of the ladder.

    Attributes
    ----------
    name : str
    rates : list of float
        Samples a second, one value a repetition.
    skipped : str
        Why it was not measured.
    """

    name: str
    rates: list[float] = field(default_factory=list)
    skipped: str = ""

    @property
    def interval(self) -> Interval:
        """Samples per second with a 95 % interval over the repetitions."""
        return geometric_interval(self.rates)

    def as_dict(self) -> dict[str, object]:
        """Return a JSON-ready dictionary."""
        if self.skipped:
            return {
                "name": self.name,
                "samples_per_second": None,
                "low": None,
                "high": None,
                "skipped": self.skipped,
            }
        known = self.interval.as_dict()
        return {
            "name": self.name,
            "samples_per_second": known["estimate"],
            "low": known["low"],
            "high": known["high"],
        }

"""Tells a run that stands still from a slow one: nothing moves in the reader or in any of its workers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.watch.records import NANO, LoaderUse, Record
from diagnostics.watch.stacks import Stack, read_stacks

START_UP_TIMES = 5  # a spawned worker imports torch and unpickles the dataset before it can tell anything
DEATH_TOLD_SECONDS = 12.0  # torch asks every 5 s whether workers that are not its children still live
INTERRUPTED_AFTER_SECONDS = 10.0  # without any progress: the likely reason why a run was interrupted
LOST_AFTER_SECONDS = 5.0  # once it is known that a batch was not sent


@dataclass(frozen=True)
class Hang:
    """A reader that waits for a batch that does not come.

    Attributes
    ----------
    main : Record
        The process that waits.
    loader : LoaderUse
        What it waits for.
    workers : tuple of Record
        Living ones of that process.
    seconds : float
        Since when nothing has moved.
    stacks : tuple of Stack
    """

    main: Record
    loader: LoaderUse
    workers: tuple[Record, ...]
    seconds: float
    stacks: tuple[Stack, ...] = ()

    @property
    def stuck(self) -> Record:
        """The process in which a sample or a batch is in work since the longest; else the one that waits."""
        busy = [one for one in (*self.workers, self.main) if one.stage in {"fetching", "collating"}]
        return min(busy, key=lambda one: one.process["since"], default=self.main)

    def stack_of(self, record: Record) -> Stack | None:
        """Return where a process stands."""
        return next((stack for stack in self.stacks if stack.pid == record.pid), None)


class HangWatch:
    """Compares what processes have done from look to look."""

    def __init__(self, folder: Path, after_seconds: float) -> None:
        self.folder = folder
        self.after_seconds = after_seconds
        self.first: Hang | None = None
        self.standing: Hang | None = None  # at the last look, told or not: why a run may be interrupted
        self._told: set[tuple[int, int]] = set()
        self._moved: dict[int, tuple[object, int]] = {}

    def look(self, records: Sequence[Record], now: int | None = None) -> Hang | None:
        """Return a hang that was not told before.

        Parameters
        ----------
        records : sequence of Record
            Of living processes.
        now : int, optional
            Nanoseconds of the monotonic clock.
        """
        now = time.monotonic_ns() if now is None else now
        self.standing = None
        for main in records:
            if main.is_worker:
                continue
            workers = tuple(one for one in records if one.is_worker and one.process["parent"] == main.pid)
            hang = self._waits(main, workers, now)
            if hang is not None and hang.seconds >= INTERRUPTED_AFTER_SECONDS:
                self.standing = hang
            if hang is not None and self._is_due(hang):
                return self._tell(hang)
        return None

    def _waits(self, main: Record, workers: tuple[Record, ...], now: int) -> Hang | None:
        state = (main.progress, tuple(sorted((one.pid, *one.progress) for one in workers)))
        if self._moved.get(main.pid, (None, 0))[0] != state:
            self._moved[main.pid] = (state, now)
        waiting = [loader for loader in main.loaders if loader.counters["waiting_since"]]
        if not waiting:
            return None
        loader = max(waiting, key=lambda one: one.counters["waiting_since"])
        since = max(loader.counters["waiting_since"], self._moved[main.pid][1])
        return Hang(main, loader, workers, (now - since) / NANO)

    def _is_due(self, hang: Hang) -> bool:
        is_told = (hang.main.pid, hang.loader.counters["waiting_since"]) in self._told
        return not is_told and hang.seconds >= self._limit_seconds(hang.loader, hang.workers)

    def _limit_seconds(self, loader: LoaderUse, workers: tuple[Record, ...]) -> float:
        if any(worker.having("unsent") for worker in workers):
            return min(self.after_seconds, LOST_AFTER_SECONDS)
        is_one_short = len(workers) < (loader.arguments.get("num_workers") or 0)
        if is_one_short and loader.counters["batches"]:
            return max(self.after_seconds, DEATH_TOLD_SECONDS)
        return self.after_seconds * (START_UP_TIMES if is_one_short else 1)

    def _tell(self, hang: Hang) -> Hang:
        self._told.add((hang.main.pid, hang.loader.counters["waiting_since"]))
        stacks = tuple(read_stacks([hang.main, *hang.workers]))
        found = Hang(hang.main, hang.loader, hang.workers, hang.seconds, stacks)
        self.first = self.first or found
        return found

"""Tells a run that stands still from a slow one: nothing moves in the reader or in any of its workers.

Where no batch is asked for, nothing else may move either: a lock, a queue, another machine is waited for.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.watch.records import NANO, LoaderUse, Record
from diagnostics.watch.stacks import Stack, read_stacks
from diagnostics.watch.stillness import Stillness, Usage, usage_of

START_UP_TIMES = 5  # a spawned worker imports torch and unpickles the dataset before it can tell anything
DEATH_TOLD_SECONDS = 12.0  # torch asks every 5 s whether workers that are not its children still live
INTERRUPTED_AFTER_SECONDS = 10.0  # without any progress: the likely reason why a run was interrupted
LOST_AFTER_SECONDS = 5.0  # once it is known that a batch was not sent
LOOKS = 10  # at what processes use, in the time after which a hang is told
SHORTEST_PAUSE_SECONDS = 1.0
SLEPT_PAUSES = 3
MOST_STACKS = 16  # processes: each takes a tenth of a second, and those that do not answer some seconds
RECEIVE = "_try_get_data"  # of torch/utils/data/dataloader.py
BUSY = ("fetching", "collating")


@dataclass(frozen=True)
class Hang:
    """A reader that waits for a batch that does not come, or a program that stands still elsewhere.

    Attributes
    ----------
    main : Record
        The process that waits.
    loader : LoaderUse or None
        What it waits for; None where no batch was asked for.
    workers : tuple of Record
        Living ones of that process.
    seconds : float
        Since when nothing has moved.
    mains : tuple of Record
        All processes that have read batches; before any has, those that may.
    is_told : bool
    stacks : tuple of Stack
        Only of what is told.
    """

    main: Record
    loader: LoaderUse | None
    workers: tuple[Record, ...] = ()
    seconds: float = 0.0
    mains: tuple[Record, ...] = ()
    is_told: bool = False
    stacks: tuple[Stack, ...] = ()

    @property
    def stuck(self) -> Record:
        """The process in which a sample or a batch is in work since the longest; else the one that waits."""
        busy = [one for one in (*self.workers, self.main) if one.stage in BUSY] if self.loader else []
        return min(busy, key=lambda one: one.process["since"], default=self.main)

    @property
    def is_of_worker(self) -> bool:
        """Whether the reader waits for a worker, and is not at work itself in a sampler or a sample."""
        stack = self.stack_of(self.main)
        frames = stack.threads[0] if stack and stack.threads else ()
        has_workers = bool(self.loader and self.loader.arguments.get("num_workers"))
        return has_workers and (not frames or any(frame.function == RECEIVE for frame in frames))

    @property
    def processes(self) -> tuple[Record, ...]:
        """All whose stacks tell something, what is stuck first, then the readers and the busy workers."""
        workers = sorted(self.workers, key=lambda one: one.stage not in BUSY)
        return tuple({one.pid: one for one in (self.stuck, self.main, *self.mains, *workers)}.values())

    def stack_of(self, record: Record) -> Stack | None:
        """Return where a process stands."""
        return next((stack for stack in self.stacks if stack.pid == record.pid), None)

    @property
    def stack_rows(self) -> list[dict[str, Any]]:
        """Where each process stands, as fields of a finding."""
        return [
            {
                "pid": stack.pid,
                "worker": record.worker,
                "place": stack.place,
                "threads": [[one.sentence for one in frames] for frames in stack.shown],
            }
            for record in self.processes
            if (stack := self.stack_of(record))
        ]


class HangWatch:
    """Compares what processes have done from look to look.

    Attributes
    ----------
    standing : Hang or None
        What stands still at the last look, told or not: why a run may be interrupted.
    """

    def __init__(self, after_seconds: float, usage: Callable[[Sequence[Record]], Usage] = usage_of) -> None:
        self.after_seconds = after_seconds
        self.standing: Hang | None = None
        self._pause_seconds = max(SHORTEST_PAUSE_SECONDS, after_seconds / LOOKS)
        self._stillness = Stillness(self._pause_seconds, usage)
        self._looked = 0
        self._told: dict[tuple[int, int], Hang] = {}
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
        if now - self._looked > SLEPT_PAUSES * self._pause_seconds * NANO:
            self._moved, self._stillness.since = {}, now  # we were stopped, and so were they
        self._looked = now
        found = dict(self._standing(records, now))
        due = {key: hang for key, hang in found.items() if hang.seconds >= self._limit_seconds(hang)}
        before = next((key for key in due if key in self._told), None)
        new = None if before else max(due, key=lambda key: due[key].seconds, default=None)
        if new:
            stacks = tuple(read_stacks(due[new].processes[:MOST_STACKS]))
            self._told[new] = replace(due[new], is_told=True, stacks=stacks)
        long = (one for one in found.values() if one.loader and one.seconds >= INTERRUPTED_AFTER_SECONDS)
        told = before or new
        self.standing = replace(self._told[told], seconds=due[told].seconds) if told else next(long, None)
        return self.standing if new else None

    def _standing(self, records: Sequence[Record], now: int) -> Iterator[tuple[tuple[int, int], Hang]]:
        """Yield what does not get on, by whom and since when; a batch that is asked for is a loader's."""
        mains = tuple(one for one in records if not one.is_worker)
        last = 0
        for main in mains:
            workers = tuple(one for one in records if one.is_worker and one.process["parent"] == main.pid)
            asking = tuple(loader.counters["waiting_since"] for loader in main.loaders)
            state = (main.progress, asking, tuple(sorted((one.pid, *one.progress) for one in workers)))
            if self._moved.get(main.pid, (None, 0))[0] != state:
                self._moved[main.pid] = (state, now)
            moved = self._moved[main.pid][1]
            last = max(last, moved)
            waiting = [loader for loader in main.loaders if loader.counters["waiting_since"]]
            if waiting:
                loader = max(waiting, key=lambda one: one.counters["waiting_since"])
                asked, last = loader.counters["waiting_since"], now
                yield (main.pid, asked), Hang(main, loader, workers, (now - max(asked, moved)) / NANO, mains)
        readers = tuple(main for main in mains if main.loaders) or _innermost(mains)
        self._stillness.look(readers, now)
        since = max(last, self._stillness.since)
        if readers:
            workers = tuple(one for one in records if one.is_worker)
            seconds = max(0, self._stillness.looked - since) / NANO
            yield (readers[0].pid, since), Hang(readers[0], None, workers, seconds, readers)

    def _limit_seconds(self, hang: Hang) -> float:
        if hang.loader is None:
            return self.after_seconds
        if any(worker.having("unsent") for worker in hang.workers):
            return min(self.after_seconds, LOST_AFTER_SECONDS)
        is_one_short = len(hang.workers) < (hang.loader.arguments.get("num_workers") or 0)
        if is_one_short and hang.loader.counters["batches"]:
            return max(self.after_seconds, DEATH_TOLD_SECONDS)
        return self.after_seconds * (START_UP_TIMES if is_one_short else 1)


def _innermost(mains: Sequence[Record]) -> tuple[Record, ...]:
    """Return those that started no other: before the first batch, a launcher waits for its ranks."""
    parents = {main.process["parent"] for main in mains}
    return tuple(main for main in mains if main.pid not in parents)

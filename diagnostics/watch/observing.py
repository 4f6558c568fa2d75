"""Follows a running command: its records, its memory, and whether it still gets on."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from diagnostics.watch.failures import Ending, find_endings
from diagnostics.watch.hangs import Hang, HangWatch
from diagnostics.watch.records import Record, read_records
from diagnostics.watch.resources import Growth, Resources

MOST_ENDED = 256  # workers kept one by one that ended well; of more, only the sums


@dataclass
class Observed:
    """What is known of a run.

    Attributes
    ----------
    exit_code : int
        As shells have it.
    stderr : bytes
        The two ends of what the command wrote there.
    records : list of Record
        Each process as it was last seen.
    hang : Hang or None
        What does not get on, in a loader or elsewhere, and was told.
    growths : dict of int to Growth
        Memory by process.
    num_oom_kills : int or None
    is_attached : bool
        Whether the probe reached any process.
    interrupted_by : int or None
        The last signal that was handed on.
    """

    exit_code: int = 0
    stderr: bytes = b""
    records: list[Record] = field(default_factory=list)
    hang: Hang | None = None
    growths: dict[int, Growth] = field(default_factory=dict)
    num_oom_kills: int | None = None
    is_attached: bool = True
    interrupted_by: int | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly, whatever a pipe made of its exit code, or hangs."""
        has_raised = any(one.error for one in self.endings)
        return self.exit_code != 0 or self.hang is not None or has_raised

    @property
    def endings(self) -> list[Ending]:
        """How the processes that read batches have ended, those that were not ended from outside."""
        return find_endings(self.mains)

    @property
    def has_exited(self) -> bool:
        """Whether the program chose its exit code itself, and no exception left it."""
        readers = [main for main in self.mains if main.loaders] or self.mains
        endings = self.endings
        is_orderly = len(endings) == len(readers) > 0 and not any(one.error for one in endings)
        return self.exit_code != 0 and self.hang is None and is_orderly

    @property
    def was_interrupted(self) -> bool:
        """Whether it ended since somebody told it to."""
        return self.interrupted_by is not None and self.exit_code != 0 and self.hang is None

    @property
    def mains(self) -> list[Record]:
        """The processes that read batches."""
        return [record for record in self.records if not record.is_worker]

    @property
    def workers(self) -> list[Record]:
        """The processes that DataLoaders started."""
        return [record for record in self.records if record.is_worker]

    def worker_of(self, pid: int) -> Record | None:
        """Return the record of a worker; None where the probe did not reach it."""
        return next((record for record in self.workers if record.pid == pid), None)


class Observer:
    """Reads on every tick what the probe has written, and clears away what has ended."""

    def __init__(self, folder: Path, hang_after_seconds: float) -> None:
        self.folder = folder
        self.resources = Resources()
        self.hangs = HangWatch(hang_after_seconds)
        self._living: dict[Path, Record] = {}
        self._ended: list[Record] = []

    def tick(self) -> Hang | None:
        """Look once; return what does not get on and was not told before."""
        self._read()
        living = list(self._living.values())
        self.resources.sample(record.pid for record in living if record.is_worker)
        return self.hangs.look([record for record in living if psutil.pid_exists(record.pid)])

    def _read(self) -> None:
        for record in read_records(self.folder):
            self._living[record.path] = record
            if record.is_worker and not psutil.pid_exists(record.pid):
                self._end(record)

    def _end(self, record: Record) -> None:
        del self._living[record.path]
        record.path.unlink(missing_ok=True)
        record.path.with_suffix(".stacks").unlink(missing_ok=True)
        if len(self._ended) < MOST_ENDED or record.stage != "ended":
            self._ended.append(record)

    def kill_orphans(self) -> None:
        """End workers whose reader is gone: they serve nobody."""
        for record in self._living.values():
            if record.is_worker and not psutil.pid_exists(record.process["parent"]):
                with suppress(psutil.Error):
                    psutil.Process(record.pid).kill()

    def seen_so_far(self, stderr: bytes) -> Observed:
        """Return what is known of a command that still runs."""
        return Observed(
            stderr=stderr,
            records=[*self._ended, *self._living.values()],
            hang=self.hangs.standing if self.hangs.standing and self.hangs.standing.is_told else None,
            growths=self.resources.growths,
            num_oom_kills=self.resources.num_oom_kills,
            is_attached=(self.folder / "attached").exists(),
        )

    def finish(self, exit_code: int, stderr: bytes) -> Observed:
        """Return all that is known once the command has ended."""
        self._read()
        self.kill_orphans()
        return replace(self.seen_so_far(stderr), exit_code=exit_code)

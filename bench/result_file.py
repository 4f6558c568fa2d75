"""What torch-checkup adds to pytest-benchmark's JSON, and the file of a run that is not finished."""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from pytest_benchmark import __version__ as pytest_benchmark_version
from pytest_benchmark.stats import Stats

from bench.passes import Schedule, Series

SCHEMA = 1


class Run:
    """A run of the suite and what its result file says about it.

    Attributes
    ----------
    profile : str
    schedule : Schedule
    series : list of Series
    is_complete : bool
        False until every pass is over.
    """

    def __init__(self, profile: str, schedule: Schedule, series: Sequence[Series]) -> None:
        self.profile = profile
        self.schedule = schedule
        self.series = list(series)
        self.is_complete = False
        self.started = datetime.now(UTC)
        self._clock_started = monotonic()

    def summary(self) -> dict[str, Any]:
        """Return the part of a result file that stands under `torch_checkup`."""
        return {
            "schema": SCHEMA,
            "profile": self.profile,
            "passes": self.schedule.num_passes,
            "order_seed": self.schedule.order_seed,
            "started": self.started.isoformat(),
            "seconds": round(monotonic() - self._clock_started, 3),
            "complete": self.is_complete,
            "failures": [
                {
                    "fullname": one.fullname,
                    "name": one.name,
                    "params": one.params,
                    "kind": one.failure.kind,
                    "reason": one.failure.reason,
                    "passes_done": one.num_passes,
                }
                for one in self.series
                if one.failure
            ],
            "skipped": [
                {"fullname": one.fullname, "reason": one.skipped} for one in self.series if one.skipped
            ],
        }

    def lines(self, *, is_saved: bool) -> Iterator[str]:
        """Yield sentences about what a run that was cut off holds, and what it does not."""
        if is_saved and not any(one.passes for one in self.series):
            yield "Nothing was saved: no configuration was measured, not even a part of a study."
        for one in self.series:
            if one.passes and not one.num_passes:
                yield f"{one.name}: cut off in its first pass; what its study had come to is kept, not final."

    def document(self, machine_info: dict[str, Any]) -> dict[str, Any]:
        """Return a result file with what was measured so far, in pytest-benchmark's shape."""
        return {
            "machine_info": machine_info,
            "commit_info": {},
            "benchmarks": [_entry(one) for one in self.series if one.passes],
            "datetime": datetime.now(UTC).isoformat(),
            "version": pytest_benchmark_version,
            "torch_checkup": self.summary(),
        }


def _entry(one: Series) -> dict[str, Any]:
    stats = Stats()
    for seconds in one.seconds():
        stats.update(seconds)
    return {
        "group": one.topic,
        "name": one.name,
        "fullname": one.fullname,
        "params": one.params,
        "param": one.name.partition("[")[2].rstrip("]") or None,
        "extra_info": one.extra_info(),
        "options": {},
        "stats": {**stats.as_dict(), "iterations": 1},
    }


class UnfinishedFile:
    """The result file of a run that may be cut off: written anew after every measurement, in one step.

    Parameters
    ----------
    folder : Path
        pytest-benchmark's storage; the file is readable there by `reports` and by `pytest-benchmark compare`.
    started : datetime

    Raises
    ------
    OSError
        The folder cannot be made or written to: better known before minutes of measuring than after.
    """

    def __init__(self, folder: Path, started: datetime) -> None:
        self.path = folder / f"unfinished_{started:%Y%m%d_%H%M%S}_{os.getpid()}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._fresh = self.path.with_suffix(".tmp")
        self._fresh.write_bytes(b"")

    def write(self, document: dict[str, Any]) -> None:
        """Replace the file: a reader sees the old or the new content, never half of one.

        A disk that is full meanwhile does not end the run: the last whole file stays.
        """
        with contextlib.suppress(OSError):
            self._fresh.write_text(json.dumps(document), encoding="utf-8")
            self._fresh.replace(self.path)

    def remove(self) -> None:
        """Remove the file: the run was saved in full."""
        self.path.unlink(missing_ok=True)
        self._fresh.unlink(missing_ok=True)

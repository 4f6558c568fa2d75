"""Reads the files that the probe writes, by the layout at the head of each."""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.sources import attempt

HEAD_BYTES = 2048
SUFFIX = ".record"
SLOT = struct.Struct("=q")
NANO = 1e9


@dataclass(frozen=True)
class LoaderUse:
    """What one process did with the DataLoaders that have the same arguments.

    Attributes
    ----------
    arguments : dict
        The DataLoader's own, and what they say of dataset, sampler and start method.
    identity : int
        Shared with the loader's workers.
    counters : dict of str to int
        Epochs and batches; nanoseconds of waiting, of the first batches, of the loop's own work, of starts.
    """

    number: int
    arguments: Mapping[str, Any]
    identity: int
    counters: Mapping[str, int]

    def seconds(self, name: str) -> float:
        """Return one of the counters that end in `_ns`, in seconds."""
        return self.counters[f"{name}_ns"] / NANO


@dataclass(frozen=True)
class Record:
    """One process as the probe described it last.

    Attributes
    ----------
    path : Path
    process : dict of str to int
        Slots by name; times in nanoseconds of the monotonic clock.
    stage : str
        "none", "idle", "fetching", "collating" or "ended".
    indices : tuple of int
        Of the batch in flight, or the last one.
    loaders : tuple of LoaderUse
    events : tuple of dict
        In order; "event" and "at" name what and when.
    """

    path: Path
    process: Mapping[str, int]
    stage: str
    indices: tuple[int, ...]
    loaders: tuple[LoaderUse, ...]
    events: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def pid(self) -> int:
        """The process."""
        return self.process["pid"]

    @property
    def is_worker(self) -> bool:
        """Whether a DataLoader started it."""
        return bool(self.process["is_worker"])

    @property
    def worker(self) -> int | None:
        """The worker's number; None in a process that reads batches."""
        return self.process["worker"] if self.is_worker else None

    @property
    def who(self) -> str:
        """The process in words."""
        rank = self.process["rank"]
        reader = "the main process" if rank < 0 else f"rank {rank}"
        return f"{reader if self.worker is None else f'worker {self.worker}'} (pid {self.pid})"

    @property
    def samples(self) -> tuple[int, ...]:
        """What is in flight: one sample while it is fetched, the whole batch after that."""
        position = self.process["position"]
        one = self.indices[position : position + 1] if self.stage == "fetching" else ()
        return one or self.indices

    @property
    def reading(self) -> LoaderUse | None:
        """The DataLoader without workers whose batch the process is loading itself, known closely or not."""
        own = (loader for loader in self.loaders if not loader.arguments.get("num_workers"))
        return next((loader for loader in own if loader.counters["waiting_since"]), None)

    @property
    def progress(self) -> tuple[int, ...]:
        """Something that changes when the process gets on."""
        names = ("batch", "position", "batches", "stage", "samples", "fetch_ns", "send_ns")
        read = (loader.counters["batches"] for loader in self.loaders)
        return (*(self.process[name] for name in names), *read)

    def seconds(self, name: str) -> float:
        """Return one of the process' slots that end in `_ns`, in seconds."""
        return self.process[f"{name}_ns"] / NANO

    def having(self, *names: str) -> list[Mapping[str, Any]]:
        """Return the events of these names."""
        return [event for event in self.events if event["event"] in names]


def _events(data: bytes) -> Iterator[Mapping[str, Any]]:
    for line in data.splitlines():
        event = attempt(lambda line=line: json.loads(line))  # type: ignore[misc]
        if isinstance(event, dict) and "event" in event:
            yield event


def _slots(data: bytes, begin: int, names: list[str]) -> dict[str, int]:
    end = begin + SLOT.size * len(names)
    return dict(zip(names, (slot[0] for slot in SLOT.iter_unpack(data[begin:end])), strict=True))


def _current(slots: dict[str, int]) -> dict[str, int]:
    """Add the epoch under way to the sums of those before it, and say since when its reader waits."""
    waited = slots["wait_ns"] + slots["first_wait_ns"] - slots["epoch_wait_ns"]
    begin, end = slots["epoch_begin"], slots["end"]
    return {
        **slots,
        "batches": slots["batches"] + slots["delivered"],
        "busy_ns": slots["busy_ns"] + (max(0, end - begin - waited) if begin else 0),
        "waiting_since": slots["begin"] if slots["asked"] > slots["delivered"] else 0,
    }


def _loaders(
    data: bytes, layout: Mapping[str, Any], events: tuple[Mapping[str, Any], ...]
) -> Iterator[LoaderUse]:
    names = layout["loader"]
    for event in events:
        if event["event"] == "loader":
            at = layout["view_at"] + SLOT.size * (layout["loaders_at"] + event["loader"] * len(names))
            counters = _current(_slots(data, at, names))
            yield LoaderUse(event["loader"], event["arguments"], event["identity"], counters)


def parse_record(path: Path, data: bytes) -> Record:
    """Turn a file's bytes into a record; ValueError or LookupError where they are none."""
    layout = json.loads(data[:HEAD_BYTES])
    if len(data) < layout["file_bytes"]:
        raise ValueError(f"{path.name} is being written")
    view_at = layout["view_at"]
    process = _slots(data, view_at, layout["process"])
    events = tuple(_events(data[layout["log_at"] : process["log_end"]]))
    first = view_at + SLOT.size * layout["indices_at"]
    count = min(process["count"], layout["most_indices"])
    indices = tuple(slot[0] for slot in SLOT.iter_unpack(data[first : first + SLOT.size * count]))
    stage = layout["stages"][process["stage"]]
    return Record(path, process, stage, indices, tuple(_loaders(data, layout, events)), events)


def read_records(folder: Path) -> list[Record]:
    """Return what the processes have written so far; a file that cannot be read is left out."""
    paths = sorted(folder.glob("*" + SUFFIX))
    found = (attempt(lambda path=path: parse_record(path, path.read_bytes())) for path in paths)  # type: ignore[misc]
    return [record for record in found if record is not None]

"""Measures the ladder: every rung several times, in an order shuffled anew, so that drift hits all alike."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.cgroups import group_directories, quota_cores
from diagnostics.ladder.evidence import Evidence, Rung
from diagnostics.ladder.laboratory import FailedError, Laboratory
from diagnostics.sources import read_text

FULL, NO_PAYLOAD, CACHED, EMPTY = range(4)  # as the child has them
HEADROOM_BATCHES = 10  # SPDL's number of batches that are kept and replayed
MOST_WORKERS = 4  # of a Dataset that came without a DataLoader
BUSY_SHARE = 0.5  # of a sample's time: below that the processor is not what counts
FRESH_COPY = 0.02  # of what a batch costs: new shared memory is some 10 to 30 times as slow as a warm copy
SEVERAL_THREADS = 1.2  # processor seconds a second of one worker
ALONE, LOADER = "alone", "loader"  # the two that are open: without workers, and with


@dataclass(frozen=True)
class Effort:
    """How long is measured: turns of every rung, and seconds of each kind of measurement."""

    rounds: int = 5
    turn_seconds: float = 0.2
    sampling_seconds: float = 0.6
    cores_seconds: float = 0.06
    memory_seconds: float = 0.06


USUAL = Effort()


@dataclass(frozen=True)
class Climbed:
    """A ladder that has been measured.

    Attributes
    ----------
    rungs : list of Rung
    evidence : Evidence
    about : dict
        What the child says of the data and of its interpreter.
    arguments : dict
        Of the DataLoader that was measured.
    slowest : list of [index, seconds]
    start : dict
        First batch, bytes of a batch.
    """

    rungs: list[Rung]
    evidence: Evidence
    about: dict[str, Any]
    arguments: dict[str, Any]
    slowest: list[list[Any]]
    start: dict[str, Any]
    worker: dict[str, float]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Turn:
    """One of the things that are measured in turns."""

    loader: str
    mode: int = FULL
    is_stepping: bool = False


def arguments_for(about: Mapping[str, Any], num_workers: int | None) -> dict[str, Any]:
    """Return the arguments of the loader to judge: the user's own, else a worker for each core."""
    given = dict(about["given"] or {})
    if num_workers is not None:
        given["num_workers"] = num_workers
    elif not given:
        given["num_workers"] = min(about["cores"], MOST_WORKERS)
    given.pop("persistent_workers", None)
    if not about["has_in_order"]:
        given.pop("in_order", None)
    return given


def throttled_seconds(root: Path = Path("/")) -> float:
    """Return for how long quotas have stopped the groups of this process, all levels together."""
    total = 0.0
    for controller, name, unit in (("", "throttled_usec", 1e-6), ("cpu", "throttled_time", 1e-9)):
        for group in group_directories(root, controller):
            for line in (read_text(group / "cpu.stat") or "").splitlines():
                key, _, value = line.partition(" ")
                total += float(value) * unit if key == name and value.isdecimal() else 0.0
    return total


def _turns(has_workers: bool, has_step: bool) -> dict[str, Turn]:
    turns = {"alone": Turn(ALONE)}
    if has_workers:
        for name, mode in (("full", FULL), ("no payload", NO_PAYLOAD), ("cached", CACHED), ("empty", EMPTY)):
            turns[name] = Turn(LOADER, mode)
    if has_step:
        turns["step"] = Turn(LOADER if has_workers else ALONE, FULL, is_stepping=True)
    return turns


def measure_turns(
    lab: Laboratory, turns: Mapping[str, Turn], rounds: int, seconds: float
) -> dict[str, list[dict[str, float]]]:
    """Measure each in every round, in an order shuffled anew."""
    told: dict[str, list[dict[str, float]]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name in random.sample(list(turns), k=len(turns)):
            turn = turns[name]
            told[name].append(
                lab.ask(
                    "measure",
                    name=turn.loader,
                    seconds=seconds,
                    mode=turn.mode,
                    is_stepping=turn.is_stepping,
                )
            )
    return told


def _mean(values: Sequence[dict[str, float]], key: str) -> float:
    """Return a counter a batch, the median of the repetitions."""
    return float(np.median([one[key] / one["loaded"] for one in values]))


def _seconds(values: Sequence[dict[str, float]]) -> float:
    """Return seconds a batch, the median of the repetitions."""
    return float(np.median([one["seconds"] / one["batches"] for one in values]))


class Climb:
    """One climb; the methods are its parts, in their order."""

    def __init__(
        self,
        lab: Laboratory,
        about: dict[str, Any],
        num_workers: int | None,
        has_step: bool,
        effort: Effort = USUAL,
    ) -> None:
        self.effort = effort
        self.lab, self.about, self.has_step = lab, about, has_step
        self.arguments = arguments_for(about, num_workers)
        self.num_workers = int(self.arguments["num_workers"])
        self.batch_size = about["batch_size"] or 1
        self.notes: list[str] = []
        self.pin_seconds = 0.0

    def run(self, progress: Callable[[str], None]) -> Climbed:
        """Measure everything."""
        progress("starting workers")
        self.start = self._open()  # first: OpenMP threads of the main process do not survive a fork
        progress("single samples")
        self.samples = self.lab.ask(
            "samples", seconds=self.effort.sampling_seconds, in_worker=bool(self.num_workers)
        )
        self.cores = self.lab.ask("cores", seconds=self.effort.cores_seconds)
        progress("the rungs")
        throttled, begun = throttled_seconds(), time.monotonic()
        self.told = measure_turns(
            self.lab,
            _turns(bool(self.num_workers), self.has_step),
            self.effort.rounds,
            self.effort.turn_seconds,
        )
        self.throttled = (throttled_seconds() - throttled) / (time.monotonic() - begun)
        progress("contention")
        headroom = self._headroom()
        return Climbed(
            self._rungs(headroom),
            self._evidence(),
            self.about,
            self.arguments,
            self.samples["slowest"],
            self.start,
            self._worker(),
            self.notes,
        )

    def _open(self) -> dict[str, Any]:
        opened: dict[str, Any] = {}
        if self.num_workers:
            opened = self.lab.ask("open", name=LOADER, arguments=self.arguments)
        alone: dict[str, Any] = self.lab.ask("open", name=ALONE, arguments={"num_workers": 0})
        return opened or alone

    def _headroom(self) -> list[float]:
        if not self.has_step:
            return []
        return [
            self.lab.ask(
                "headroom", name=ALONE, num_batches=HEADROOM_BATCHES, seconds=self.effort.turn_seconds
            )
            for _ in range(3)
        ]

    def _worker(self) -> dict[str, float]:
        """Return what a batch costs where it is loaded, in seconds."""
        alone, full = self.told["alone"], self.told.get("full", self.told["alone"])
        send = 0.0
        if self.num_workers:  # where nothing is fetched: threads of a dataset's own would count as sending
            cached = self.told["cached"]
            send = max(0.0, _mean(cached, "process_cpu") - _mean(cached, "collate_cpu"))
        return {
            "fetch_seconds": _mean(full, "fetch") - min(_mean(full, "delay"), _mean(full, "fetch")),
            "fetch_cpu_seconds": _mean(full, "fetch_cpu"),
            "collate_seconds": _mean(full, "collate"),
            "send_seconds": send,
            "receive_seconds": float(np.median([one["main_cpu"] for one in full]))
            if self.num_workers
            else 0.0,
            "fetch_alone_seconds": _mean(alone, "fetch"),
            "fetch_alone_cpu_seconds": _mean(alone, "fetch_cpu"),
            "threads": float(np.median([one["threads"] for one in full])),
        }

    def _evidence(self) -> Evidence:
        alone = self.told["alone"]
        loading = self.told.get("full", alone)
        loop = self.told.get("step", loading)
        collate = _mean(alone, "collate_cpu")
        collate_wait = max(0.0, _mean(alone, "collate") - collate - _mean(alone, "delay"))
        crossing = _seconds(self.told["empty"]) if self.num_workers else 0.0
        payload = (
            max(0.0, _seconds(self.told["cached"]) - crossing - (collate + collate_wait) / self.num_workers)
            if self.num_workers
            else 0.0
        )
        payload = self._bytes_only(payload)
        given = self.about["given"] or {}
        restarts = bool(given) and not given.get("persistent_workers") and self.num_workers
        worker = self._worker()
        step = float(np.median([one["step_seconds"] for one in loop])) if self.has_step else 0.0
        quota = quota_cores(Path("/"))
        return Evidence(
            wall=self.samples["wall"],
            cpu=self.samples["cpu"],
            batch_size=self.batch_size,
            sample_bytes=self.samples["sample_bytes"],
            copy_seconds=self.samples["copy_seconds"],
            collate=collate,
            collate_wait=collate_wait,
            num_workers=self.num_workers,
            measured=_seconds(loop),
            prefetch_factor=self.arguments.get("prefetch_factor") or 2,
            in_order=self.arguments.get("in_order", True),
            crossing=crossing + self._small_payload,
            payload=payload,
            busy_crossing=worker["send_seconds"] + worker["receive_seconds"],
            step=step,
            start=max(0.0, self.start["start_seconds"] - _seconds(loading)),
            num_batches=self.about["num_batches"] if restarts else None,
            usable_cores=self.cores,
            counted_cores=self.about["cores"],
            quota_cores=quota[0] if quota else None,
            throttled=self.throttled,
            memory_slowdown=self._memory(),
            one_thread_gain=self._one_thread_gain(),
            loading=_seconds(loading),
            pin_seconds=self.pin_seconds,
        )

    def _bytes_only(self, payload: float) -> float:
        """Split what a batch's contents cost to hand over: the rest is a matter of their number."""
        copying = self.samples["copy_seconds"] * self.batch_size
        is_large = self.start["batch_bytes"] >= 2**18 and copying > FRESH_COPY * payload
        self._small_payload = 0.0 if is_large else payload
        return payload if is_large else 0.0

    def _memory(self) -> float:
        """Measure competition for memory where the processor is what counts."""
        wall, cpu = (float(np.sum(self.samples[key])) for key in ("wall", "cpu"))
        if self.about["cores"] < 2 or cpu < BUSY_SHARE * wall or cpu / len(self.samples["cpu"]) < 1e-4:
            return 1.0
        return float(
            self.lab.ask("memory", seconds=self.effort.memory_seconds, in_worker=bool(self.num_workers))
        )

    def _one_thread_gain(self) -> float:
        """Compare one thread in each process with what there is, where there are more at work."""
        own = self.told.get("full", self.told["alone"])
        busy = float(
            np.median([one["process_cpu"] / max(one["fetch"] + one["collate"], 1e-9) for one in own])
        )
        main_cpu = _mean(own, "process_cpu") - _mean(own, "fetch_cpu") - _mean(own, "collate_cpu")
        is_threaded = busy > SEVERAL_THREADS and main_cpu > 0.3 * _mean(own, "fetch_cpu")
        if self._worker()["threads"] <= 1 or (self.num_workers == 0 and not is_threaded):
            return 1.0
        arguments = {**self.arguments, "threads": 1}
        try:
            self.lab.ask("open", name="one", arguments=arguments)
            turns = {"as it is": Turn(LOADER if self.num_workers else ALONE), "one": Turn("one")}
            told = measure_turns(self.lab, turns, self.effort.rounds, self.effort.turn_seconds)
            self.lab.ask("close", name="one")
        except FailedError as error:
            self.notes.append(f"one thread a worker could not be tried: {error}")
            return 1.0
        pairs = zip(told["as it is"], told["one"], strict=True)
        return float(
            np.median([(a["seconds"] / a["batches"]) / (b["seconds"] / b["batches"]) for a, b in pairs])
        )

    def _rates(self, name: str) -> list[float]:
        return [self.batch_size * one["batches"] / one["seconds"] for one in self.told[name]]

    def _rungs(self, headroom: list[float]) -> list[Rung]:
        alone, size = self.told["alone"], self.batch_size
        fetch = [size * one["loaded"] / max(one["fetch"], 1e-9) for one in alone]
        collate = [size * one["loaded"] / max(one["fetch"] + one["collate"], 1e-9) for one in alone]
        no_workers = "" if self.num_workers else "the loader has no workers"
        no_cuda = "" if self.about["has_cuda"] else "no CUDA device here"
        no_step = "" if self.has_step else "no step was given: --step-time S, or --step FILE.py:NAME"
        return [
            Rung("dataset alone", fetch),
            Rung("+ collate", collate),
            Rung("workers without payload", [] if no_workers else self._rates("no payload"), no_workers),
            Rung("workers with payload", [] if no_workers else self._rates("full"), no_workers),
            *self._device_rungs(no_cuda),
            Rung("with the step", [] if no_step else self._rates("step"), no_step),
            Rung("cached-batch headroom", [size / one for one in headroom], no_step),
        ]

    def _device_rungs(self, no_cuda: str) -> list[Rung]:
        if no_cuda:
            return [Rung("pinned", skipped=no_cuda), Rung("on the device", skipped=no_cuda)]
        kinds: dict[str, dict[str, Any]] = {
            "unpinned": {"pin_memory": False},
            "pinned": {"pin_memory": True},
            "on the device": {"pin_memory": True, "device": "cuda"},
        }
        try:
            for name, more in kinds.items():
                self.lab.ask("open", name=name, arguments={**self.arguments, **more})
            turns = {name: Turn(name) for name in kinds}
            told = measure_turns(self.lab, turns, self.effort.rounds, self.effort.turn_seconds)
            for name in kinds:
                self.lab.ask("close", name=name)
        except FailedError as error:  # batches that cannot be pinned, or do not fit the device, load well
            return [Rung(name, skipped=f"it failed: {error}") for name in ("pinned", "on the device")]
        if self.arguments.get("pin_memory"):
            self.pin_seconds = max(0.0, _seconds(told["pinned"]) - _seconds(told["unpinned"]))
        rates = {
            name: [self.batch_size * one["batches"] / one["seconds"] for one in values]
            for name, values in told.items()
        }
        return [Rung(name, rates[name]) for name in ("pinned", "on the device")]

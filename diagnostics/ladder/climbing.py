"""Measures the ladder: every rung several times, in an order shuffled anew, so that drift hits all alike."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
READING_SECONDS = 5e-6  # of two clocks around a sample, one within the other: more than it takes
ALONE, UNPINNED, PINNED, ONE = "alone", "unpinned", "pinned", "one"  # the loaders that are open

Told = dict[str, list[dict[str, float]]]  # what each turn told, by its name


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
    device: str = ""


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


def measure_turns(
    lab: Laboratory, turns: Mapping[str, Turn], effort: Effort, problems: dict[str, str] | None = None
) -> Told:
    """Measure each in every round, in an order shuffled anew.

    Parameters
    ----------
    problems : dict, optional
        Of turns that are left out, and why; those that fail are added. Without it a failure ends all.
    """
    told: Told = {name: [] for name in turns}
    for _ in range(effort.rounds):
        for name in random.sample(list(turns), k=len(turns)):
            if problems and name in problems:
                continue
            try:
                told[name].append(
                    lab.ask(
                        "measure",
                        name=turns[name].loader,
                        seconds=effort.turn_seconds,
                        mode=turns[name].mode,
                        is_stepping=turns[name].is_stepping,
                        device=turns[name].device,
                    )
                )
            except FailedError as error:
                if problems is None:
                    raise
                problems[name] = f"it failed: {error}"
    return told


def _mean(values: Sequence[dict[str, float]], key: str) -> float:
    """Return a counter a batch, the median of the repetitions."""
    return float(np.median([one[key] / one["loaded"] for one in values]))


def _seconds(values: Sequence[dict[str, float]]) -> float:
    """Return seconds a batch, the median of the repetitions."""
    return float(np.median([one["seconds"] / one["batches"] for one in values]))


def _mean_told(values: Sequence[dict[str, float]], key: str) -> float:
    """Return what is told a batch, the median of the repetitions."""
    return float(np.median([one[key] for one in values]))


def is_threaded(samples: Mapping[str, Any]) -> bool:
    """Whether several threads work for a sample: those of numpy's and OpenCV's libraries are not torch's."""
    read = READING_SECONDS * len(samples["cpu"])
    return bool(sum(samples["cpu"]) > SEVERAL_THREADS * samples["own_cpu"] + read)


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
        self.has_cuda = bool(about["has_cuda"])
        self.is_pinned = self.has_cuda and bool(self.arguments.get("pin_memory"))
        self.unpinned = UNPINNED if self.num_workers else ALONE
        self.own = PINNED if self.is_pinned else self.unpinned  # the loader that is judged
        self.notes: list[str] = []
        self.pinning_problem = "" if self.has_cuda else "no CUDA device here"

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
        self.told = measure_turns(self.lab, self._turns(), self.effort)
        self.throttled = (throttled_seconds() - throttled) / (time.monotonic() - begun)
        progress("contention")
        headroom, memory = self._headroom(), self._memory()
        device_rungs = self._device_rungs()  # it and the next may fail without loss: they come last
        gain = self._one_thread_gain()
        return Climbed(
            self._rungs(headroom, device_rungs),
            self._evidence(memory, gain),
            self.about,
            self.arguments,
            self.samples["slowest"],
            self.start,
            self._worker(),
            self.notes,
        )

    def _open(self) -> dict[str, Any]:
        """Open what has workers, then what has none; return how the loader starts that does not pin.

        CUDA, which pinning starts, starts once and not with every epoch.
        """
        opened = {}
        if self.num_workers:
            opened[UNPINNED] = self._open_one(UNPINNED, {**self.arguments, "pin_memory": False})
        if self.has_cuda:
            self._open_pinned()
        opened[ALONE] = self._open_one(ALONE, {"num_workers": 0})
        return opened[self.unpinned]

    def _open_one(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        opened: dict[str, Any] = self.lab.ask("open", name=name, arguments=arguments)
        return opened

    def _open_pinned(self) -> None:
        try:
            self._open_one(PINNED, {**self.arguments, "pin_memory": True})
        except FailedError as error:  # batches that cannot be pinned load well
            if self.is_pinned or self.lab.lost:
                raise
            self.pinning_problem = f"it failed: {error}"

    def _close(self, name: str) -> None:
        with suppress(FailedError):
            self.lab.ask("close", name=name)

    def _turns(self) -> dict[str, Turn]:
        turns = {"alone": Turn(ALONE)}
        if self.own != ALONE:
            turns |= {"full": Turn(self.own), "cached": Turn(self.own, CACHED)}
        if self.num_workers:
            turns |= {"no payload": Turn(self.own, NO_PAYLOAD), "empty": Turn(self.own, EMPTY)}
        if self.is_pinned:
            turns["cached, unpinned"] = Turn(self.unpinned, CACHED)
        if self.has_step:
            turns["step"] = Turn(self.own, is_stepping=True)
        return turns

    def _headroom(self) -> list[float]:
        if not self.has_step:
            return []
        return [
            self.lab.ask(
                "headroom",
                name=PINNED if self.is_pinned else ALONE,
                num_batches=HEADROOM_BATCHES,
                seconds=self.effort.turn_seconds,
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
            "process_cpu_seconds": _mean(full, "process_cpu"),
            "collate_seconds": _mean(full, "collate"),
            "send_seconds": send,
            "receive_seconds": float(np.median([one["main_cpu"] for one in full]))
            if self.num_workers
            else 0.0,
            "fetch_alone_seconds": _mean(alone, "fetch"),
            "fetch_alone_cpu_seconds": _mean(alone, "fetch_cpu"),
            "threads": float(np.median([one["threads"] for one in full])),
        }

    def _evidence(self, memory_slowdown: float, one_thread_gain: float) -> Evidence:
        alone = self.told["alone"]
        loading = self.told.get("full", alone)
        loop = self.told.get("step", loading)
        collate = _mean(alone, "collate_cpu")
        collate_wait = max(0.0, _mean(alone, "collate") - collate - _mean(alone, "delay"))
        cached = _seconds(self.told["cached"]) if "cached" in self.told else 0.0
        unpinned = _seconds(self.told["cached, unpinned"]) if self.is_pinned else cached
        sampler, sampler_cpu = (_mean_told(loop, key) for key in ("sampler_seconds", "sampler_cpu_seconds"))
        crossing = max(0.0, _seconds(self.told["empty"]) - sampler) if self.num_workers else 0.0
        payload = (
            max(0.0, unpinned - crossing - sampler - (collate + collate_wait) / self.num_workers)
            if self.num_workers
            else 0.0
        )
        payload = self._bytes_only(payload)
        given = self.about["given"] or {}
        restarts = bool(given) and not given.get("persistent_workers") and self.num_workers
        worker = self._worker()
        step = _mean_told(loop, "step_seconds") if self.has_step else 0.0
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
            busy_crossing=max(0.0, worker["send_seconds"] + worker["receive_seconds"] - sampler_cpu),
            sampler=sampler,
            sampler_cpu=sampler_cpu,
            queueing=self._queueing(),
            step=step,
            start=max(0.0, self.start["start_seconds"] - _seconds(loading)),
            num_batches=self.about["num_batches"] if restarts else None,
            usable_cores=self.cores,
            counted_cores=self.about["cores"],
            quota_cores=quota[0] if quota else None,
            throttled=self.throttled,
            memory_slowdown=memory_slowdown,
            one_thread_gain=one_thread_gain,
            loading=_seconds(loading),
            pin_seconds=max(0.0, cached - unpinned),
            is_pinned=self.is_pinned,
        )

    def _queueing(self) -> float:
        """Return by how much longer samples wait a batch where several workers do: for each other."""
        if self.num_workers < 2:
            return 0.0
        wall, cpu = (self.batch_size * float(np.mean(self.samples[key])) for key in ("wall", "cpu"))
        worker = self._worker()
        busy = max(worker["fetch_cpu_seconds"], worker["process_cpu_seconds"])  # of threads of its own too
        return max(0.0, worker["fetch_seconds"] - busy - max(0.0, wall - cpu))

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
        has_threads = busy > SEVERAL_THREADS and main_cpu > 0.3 * _mean(own, "fetch_cpu")
        has_threads = has_threads or is_threaded(self.samples)
        if not has_threads and (self.num_workers == 0 or self._worker()["threads"] <= 1):
            return 1.0
        arguments = {**self.arguments, "threads": 1}
        try:
            self._open_one(ONE, arguments)
            turns = {"as it is": Turn(self.own), "one": Turn(ONE)}
            told = measure_turns(self.lab, turns, self.effort)
        except FailedError as error:
            self.notes.append(f"one thread a worker could not be tried: {error}")
            return 1.0
        finally:
            self._close(ONE)
        pairs = zip(told["as it is"], told["one"], strict=True)
        return float(
            np.median([(a["seconds"] / a["batches"]) / (b["seconds"] / b["batches"]) for a, b in pairs])
        )

    def _rates(self, values: Sequence[dict[str, float]]) -> list[float]:
        return [self.batch_size * one["batches"] / one["seconds"] for one in values]

    def _rungs(self, headroom: list[float], device_rungs: list[Rung]) -> list[Rung]:
        alone, size = self.told["alone"], self.batch_size
        fetch = [size * one["loaded"] / max(one["fetch"], 1e-9) for one in alone]
        collate = [size * one["loaded"] / max(one["fetch"] + one["collate"], 1e-9) for one in alone]
        no_workers = "" if self.num_workers else "the loader has no workers"
        no_step = "" if self.has_step else "no step was given: --step-time S, or --step FILE.py:NAME"
        return [
            Rung("dataset alone", fetch),
            Rung("+ collate", collate),
            Rung("workers without payload", self._rates(self.told.get("no payload", [])), no_workers),
            Rung("workers with payload", [] if no_workers else self._rates(self.told["full"]), no_workers),
            *device_rungs,
            Rung("with the step", self._rates(self.told.get("step", [])), no_step),
            Rung("cached-batch headroom", [size / one for one in headroom], no_step),
        ]

    def _device_rungs(self) -> list[Rung]:
        """Measure both in turns; batches that the device refuses may be pinned, and the other way round."""
        turns = {"pinned": Turn(PINNED), "on the device": Turn(PINNED, device="cuda")}
        problems = dict.fromkeys(turns, self.pinning_problem) if self.pinning_problem else {}
        if not self.start["num_movable"]:
            problems.setdefault("on the device", "nothing in a batch has a method `to`")
        told = measure_turns(self.lab, turns, self.effort, problems)
        if not self.is_pinned:
            self._close(PINNED)
        return [
            Rung(name, self._rates(values) if name not in problems else [], problems.get(name, ""))
            for name, values in told.items()
        ]

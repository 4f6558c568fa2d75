"""What happened to which sample: deaths, exceptions, batches not sent, a hang; each with its worker."""

import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from diagnostics.quantities import format_quantity
from diagnostics.watch.failures import Failure, find_failures
from diagnostics.watch.observing import Observed
from diagnostics.watch.records import Record

Kind = Literal["died", "left", "raised", "stopped", "unsent", "hung", "unfinished"]
SIGKILL = 9
MOST_SHOWN = 16  # indices in a line of evidence
VERBS = {
    "raised": "raised",
    "stopped": "raised StopIteration",
    "unsent": "could not send a batch",
    "hung": "hangs",
    "unfinished": "was not done",
}


@dataclass(frozen=True)
class Incident:
    """Something that happened while samples were loaded.

    Attributes
    ----------
    kind : {"died", "left", "raised", "stopped", "unsent", "hung", "unfinished"}
        The last: in work when the run ended, since the longest.
    pid : int
    worker : int or None
        None in the main process, and where the probe did not reach the worker.
    batch : int or None
        Its number in the epoch.
    samples : tuple of int
        The sample in flight, or the whole batch after its samples were fetched.
    indices : tuple of int
        The whole batch.
    code : int or None
        Of a death: the exit code, negative for a signal.
    error : str
        The exception's class.
    traceback : str
    place : str
        Where a hung process stands, or what ended a worker was raised.
    resources : dict of str to int
    part : str
        Of a batch that could not be sent: what refused, "batch['file'][0] is of class …".
    said : str
        What an exception that ended a worker said.
    failure : Failure or None
        What the loop was given for it; None where it never was.
    odd, common : tuple of (int, str), str
        Samples unlike most of the batch that could not be collated, in words; and what most of it is.
    """

    kind: Kind
    at: int
    pid: int
    worker: int | None = None
    is_worker: bool = True
    batch: int | None = None
    samples: tuple[int, ...] = ()
    indices: tuple[int, ...] = ()
    stage: str = ""
    code: int | None = None
    error: str = ""
    traceback: str = ""
    place: str = ""
    resources: Mapping[str, int] = field(default_factory=dict)
    part: str = ""
    said: str = ""
    failure: Failure | None = None
    odd: tuple[tuple[int, str], ...] = ()
    common: str = ""

    @property
    def signal_name(self) -> str | None:
        """The signal that ended a process: "SIGKILL"; None for an exit."""
        return signal_name(self.code)

    @property
    def who(self) -> str:
        """The process in words."""
        name = "the main process" if not self.is_worker else "a worker"
        return f"{name if self.worker is None else f'worker {self.worker}'} (pid {self.pid})"

    @property
    def sentence(self) -> str:
        """One line of evidence."""
        part = f"; {self.part}" if self.part else ""
        return f"{self.who} {self._what}{self._where}{part}"

    @property
    def exception(self) -> str:
        """An exception that ended a worker, as it would be raised."""
        return f"{self.error}({self.said!r})" if self.said else self.error

    @property
    def _what(self) -> str:
        if self.kind in {"died", "left"}:
            if self.signal_name:
                return f"was ended by {self.signal_name} (signal {-(self.code or 0)})"
            return f"left by {self.exception}" if self.error else f"exited with code {self.code}"
        return VERBS[self.kind] + (f" {self.error}" if self.kind == "raised" else "")

    @property
    def _where(self) -> str:
        place = f" at {self.place}" if self.place else ""
        if self.batch is None:
            return place
        if not self.indices:
            return f"{place}, in batch {self.batch}"
        at = "at sample" if len(self.samples) == 1 else "at one of samples"
        doing = {"fetching": at, "collating": "collating samples"}.get(self.stage, "with samples")
        text = f"{place}, in batch {self.batch}, {doing} {_shown(self.samples)}"
        return text + (f" (of {_shown(self.indices)})" if self.samples != self.indices else "")

    @property
    def odd_sentences(self) -> list[str]:
        """Lines of evidence: samples that do not fit their batch."""
        return [f"sample {index}: {word}; most of its batch: {self.common}" for index, word in self.odd]

    @property
    def details(self) -> dict[str, Any]:
        """The same as fields of a finding; only what is known."""
        fields = {
            "worker": self.worker,
            "pid": self.pid,
            "exit_code": None if self.signal_name else self.code,
            "signal": self.signal_name,
            "batch": self.batch,
            "sample_indices": list(self.samples) or None,
            "batch_indices": list(self.indices) or None,
            "odd_sample_indices": [index for index, _ in self.odd] or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _shown(indices: tuple[int, ...]) -> str:
    more = f" and {len(indices) - MOST_SHOWN} more" if len(indices) > MOST_SHOWN else ""
    return ", ".join(map(str, indices[:MOST_SHOWN])) + more


def signal_name(code: int | None) -> str | None:
    """Return the name of the signal that an exit code of multiprocessing stands for."""
    if code is None or code >= 0:
        return None
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _of_event(record: Record, event: Mapping[str, Any], kind: Kind) -> Incident:
    return Incident(
        kind,
        at=event["at"],
        pid=record.pid,
        worker=record.worker,
        is_worker=record.is_worker,
        batch=event.get("batch"),
        samples=tuple(event.get("samples") or ()),
        indices=tuple(event.get("indices") or ()),
        stage=event.get("stage", ""),
        code=event.get("code") if isinstance(event.get("code"), int) else None,
        error=event.get("error", ""),
        traceback=event.get("traceback", ""),
        resources=event.get("resources", {}),
        part=event.get("part", ""),
        said=event.get("said", ""),
        place=event.get("place", ""),
        odd=tuple(map(tuple, event.get("odd", ()))),
        common=event.get("common", ""),
    )


def _received(told: list[Incident], failures: Iterable[Failure]) -> Iterator[Incident]:
    """Yield what happened, each exception with what the loop was given for it: the latest one that fits."""
    given: dict[int, Failure] = {}
    for failure in failures:
        for index in reversed(range(len(told))):
            if told[index].at <= failure.at and index not in given and _is_given(told[index], failure):
                given[index] = failure
                break
    for index, incident in enumerate(told):
        yield replace(incident, failure=given.get(index))


def _is_given(incident: Incident, failure: Failure) -> bool:
    if incident.kind != "raised":
        return False
    if not incident.is_worker:
        return incident.pid == failure.pid
    fits = incident.batch is None or incident.batch == failure.task
    return failure.task is not None and incident.pid in failure.workers and fits


def _of_record(record: Record, kind: Kind, at: int, **parts: Any) -> Incident:
    """Return what a process was doing when it was seen last."""
    is_busy = record.stage in {"fetching", "collating"}
    batch = record.reading.counters["delivered"] if record.reading else None
    return Incident(
        kind,
        at=at,
        pid=record.pid,
        worker=record.worker,
        is_worker=record.is_worker,
        batch=record.process["batch"] if record.indices else batch,
        samples=record.samples if is_busy else record.indices,
        indices=record.indices,
        stage=record.stage,
        **parts,
    )


def _deaths(observed: Observed) -> Iterator[Incident]:
    for main in observed.records:
        for event in main.having("died"):
            for word, code in event["codes"].items():
                record = observed.worker_of(int(word))
                parts = {"code": code, "resources": event.get("resources", {})}
                if record is None:
                    yield Incident("died", event["at"], int(word), **parts)
                else:
                    yield _of_record(record, "died", event["at"], **parts)


def _own_death(observed: Observed) -> Iterator[Incident]:
    """Yield the death of a main process that was loading samples itself, or that the kernel killed."""
    if observed.exit_code <= 128:
        return
    is_oom = bool(observed.num_oom_kills) and observed.exit_code == 128 + SIGKILL
    for main in observed.mains:
        is_loading = main.reading is not None or main.stage in {"fetching", "collating"}
        if is_oom or is_loading:
            yield _of_record(main, "died", main.process["since"], code=128 - observed.exit_code)


def _hang(observed: Observed) -> Iterator[Incident]:
    if observed.hang is not None and observed.hang.loader is not None:
        stuck = observed.hang.stuck
        stack = observed.hang.stack_of(stuck)
        yield _of_record(stuck, "hung", stuck.process["since"], place=stack.place if stack else "")


def _unfinished(observed: Observed) -> Iterator[Incident]:
    busy = [one for one in observed.workers if one.stage in {"fetching", "collating"}]
    for record in sorted(busy, key=lambda one: one.process["since"])[:1]:
        yield _of_record(record, "unfinished", record.process["since"])


def find_incidents(observed: Observed) -> list[Incident]:
    """Return all incidents in their order in time."""
    kinds: tuple[Kind, ...] = ("left", "raised", "stopped", "unsent")
    told = [
        _of_event(record, event, kind)
        for record in observed.records
        for kind in kinds
        for event in record.having(kind)
    ]
    seen = [*_deaths(observed), *_own_death(observed), *_hang(observed), *_unfinished(observed)]
    told = list(_received(sorted(told, key=lambda one: one.at), find_failures(observed.mains)))
    return sorted([*told, *seen], key=lambda one: one.at)


def resource_lines(resources: Mapping[str, int | None], who: str = "the main process") -> Iterator[str]:
    """Yield how full each thing was that may run out, in the words of the process that looked."""
    if resources.get("open_files") is not None:
        limit = resources.get("open_files_limit")
        yield f"open files of {who}: {resources['open_files']} of {limit or 'no limit'}"
    if resources.get("shm_total_bytes"):
        free, total = (format_quantity(resources[f"shm_{name}_bytes"], "bytes") for name in ("free", "total"))
        yield f"/dev/shm: {free} free of {total}"
    if resources.get("memory_maps") is not None:
        limit = resources.get("memory_maps_limit")
        yield f"memory maps of {who}: {resources['memory_maps']} of {limit or 'no limit'}"

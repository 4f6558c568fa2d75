"""Observations as facts of the source "run", which the checks judge."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from diagnostics.facts import Fact, Facts
from diagnostics.traces.elsewhere import collective_failures
from diagnostics.traces.trace import read_trace
from diagnostics.watch.failures import find_failures, is_elsewhere
from diagnostics.watch.incidents import Incident, signal_name
from diagnostics.watch.observing import Observed
from diagnostics.watch.records import LoaderUse

SOURCE = "watched run"
FEWEST_READINGS, LATE = 4, 0.75  # of the time between the first reading and the last
FEWEST_DISTINCT, DISTINCT_SHARE = 16, 0.9  # of the samples in a worker's first batches
FEWEST_COMMON, COMMON_SHARE, REPEATED_SHARE = 8, 0.7, 0.25  # of samples that two workers both yield
# Of a generator: its state before, whether it drew on, its kind, its state after.
NEVER_SEEN = ("", False, "", "")
# What data that was read at the wrong place does not raise.
UNLIKE_MISREADING = {
    "FileNotFoundError",
    "PermissionError",
    "NameError",
    "ImportError",
    "ModuleNotFoundError",
    "OutOfMemoryError",
    "AcceleratorError",
}
SIGTERM = -15  # what a main process that fails sends its workers: no cause


def cause_of_death(incidents: Sequence[Incident]) -> Incident | None:
    """Return the death that was first, one by SIGTERM only where there is no other."""
    deaths = [one for one in incidents if one.kind == "died"]
    return next((one for one in deaths if one.code != SIGTERM), deaths[0] if deaths else None)


def _facts(values: Mapping[str, Any]) -> Facts:
    units = ("bytes", "count", "fraction", "seconds", "ratio")
    return {
        f"run.{key}": Fact(value, next((unit for unit in units if key.endswith(unit)), ""), SOURCE)
        for key, value in values.items()
    }


def _death_facts(observed: Observed, incidents: Sequence[Incident]) -> dict[str, Any]:
    death = cause_of_death(incidents)
    left = next((one for one in incidents if death and one.kind == "left" and one.pid == death.pid), None)
    return {
        "deaths_count": sum(one.kind == "died" for one in incidents),
        "death_signal_name": death and death.signal_name,
        "death_exit_code": None if death is None or death.signal_name else death.code,
        "death_error_name": left and left.error,
        "death_error_text": left and left.said,
        "death_error_place": left and left.place,
        "oom_kills_count": observed.num_oom_kills,
    }


def _exit_facts(observed: Observed, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Say what ended the command that came out of no DataLoader: an exception, or a signal."""
    errors = [one for one in observed.endings if one.error]
    error = errors[0] if is_elsewhere(find_failures(observed.mains), errors) else None
    is_sudden = observed.mains and not observed.endings and not observed.interrupted_by
    is_own = observed.hang is None and all(one.kind != "died" for one in incidents)
    return {
        "exit_error_name": error and error.error,
        "exit_error_text": error and error.traceback.strip().rpartition("\n")[2],
        "exit_error_place": error and error.place,
        "exit_signal_name": signal_name(128 - observed.exit_code) if is_sudden and is_own else None,
    }


def _hang_facts(observed: Observed) -> dict[str, Any]:
    """Say how long a loader hangs, or the program elsewhere, and where."""
    hang = observed.hang
    stack = hang.stack_of(hang.stuck) if hang else None
    seconds, place = hang.seconds if hang else 0.0, stack.place if stack else ""
    is_loaders = hang is not None and hang.loader is not None
    return {
        "hang_seconds": seconds if is_loaders else 0.0,
        "hang_place": place if is_loaders else "",
        "hang_is_of_worker": bool(is_loaders and hang and hang.is_of_worker),
        "hang_frames": [one.sentence for one in stack.shown[0]] if is_loaders and stack else [],
        "hang_waits_for_lock": bool(hang and hang.stuck.is_worker and stack and stack.waits_for_lock),
        "hang_start_method": hang.loader.arguments.get("start_method") if hang and hang.loader else None,
        "standstill_seconds": 0.0 if is_loaders else seconds,
        "standstill_place": "" if is_loaders else place,
    }


def _epoch_facts(observed: Observed, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Say of the shortest epoch how many samples were seen; of whole epochs that all were."""
    num_batches, num_expected = None, None
    for main in observed.mains:
        for event in main.having("truncated"):
            if num_batches is None or event["batches"] < num_batches:
                num_batches, num_expected = event["batches"], event["expected"]
    return {
        "epoch_batches_seen_count": num_batches,
        "epoch_batches_expected_count": num_expected,
        "stop_iterations_count": sum(one.kind == "stopped" for one in incidents),
        "epochs_count": sum(use.counters["epochs"] for main in observed.mains for use in main.loaders),
    }


def _siblings(observed: Observed, name: str) -> list[list[list[Mapping[str, Any]]]]:
    """Return the events of a name, by worker, of the workers that one iterator started."""
    families: dict[tuple[int, ...], list[list[Mapping[str, Any]]]] = defaultdict(list)
    for worker in observed.workers:
        if events := worker.having(name):
            key = tuple(worker.process[part] for part in ("parent", "loader", "base_seed"))
            families[key].append(events)
    return [family for family in families.values() if len(family) > 1]


def _random_facts(observed: Observed) -> dict[str, Any]:
    """Find generators that were in the same state in several workers, and went on from there."""
    kinds: dict[str, str] = {}
    num_equal = num_workers = 0
    for family in _siblings(observed, "random"):
        num_workers = max(num_workers, len(family))
        for name, (_, _, kind, _) in family[0][0]["states"].items():
            states = [events[0]["states"].get(name, NEVER_SEEN) for events in family]
            most = max(_repeating(state, states) for state in states)
            if most > 1:
                kinds[name] = kind
                num_equal = max(num_equal, most)
    return {
        "random_workers_count": num_workers,
        "equal_random_workers_count": num_equal,
        "equal_random_names": sorted(kinds),
        "equal_random_kinds": [kinds[name] for name in sorted(kinds)],
    }


def _repeating(one: Sequence[Any], states: Iterable[Sequence[Any]]) -> int:
    """Count the workers whose generator began where one did, and drew on or came to the same end.

    A generator that each sample seeds anew does neither.
    """
    before, is_drawn, _, after = one
    alike = [other for other in states if other[0] == before]
    num_drawn = sum(other[1] for other in alike) if is_drawn else 0
    return max(num_drawn, sum(other[3] == after for other in alike) if after != before else 0)


def _begins_alike(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether two workers began with the same batches; samples that are much alike tell nothing."""
    pairs = list(zip(one, other, strict=False))
    num_samples, num_distinct = (sum(event[name] for event, _ in pairs) for name in ("samples", "distinct"))
    is_telling = num_distinct >= max(FEWEST_DISTINCT, DISTINCT_SHARE * num_samples)
    return is_telling and all(event["digest"] == against["digest"] for event, against in pairs)


def _in_common(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return how many samples two workers have in common, of how many; None where that is no repetition.

    Each remembers the samples of the smallest digests that it has seen, and has seen a `share` of its own.
    Samples that repeat within a worker may well do so between workers that divide the stream.
    """
    sides = (one, other)
    limit = min("g" if side["is_whole"] else max(side["samples"]) for side in sides)
    counts = [{name: n for name, n in side["samples"].items() if name <= limit} for side in sides]
    num_common = len(counts[0].keys() & counts[1].keys())
    if num_common < FEWEST_COMMON:
        return None
    for own, side, against in zip(counts, sides, reversed(sides), strict=True):
        found = num_common / len(own) / against["share"]
        repeated = (1 - len(own) / sum(own.values())) / side["share"]
        if found < COMMON_SHARE or repeated > REPEATED_SHARE * found:
            return None
    return num_common, min(map(len, counts))


def _stream_facts(observed: Observed) -> dict[str, Any]:
    """Compare workers that read a stream: their first batches, and the samples of whole streams."""
    num_equal = num_workers = 0
    common: tuple[int, int] | None = None
    for family in _siblings(observed, "content"):
        num_workers = max(num_workers, len(family))
        num_equal = max(num_equal, *(sum(_begins_alike(one, other) for other in family) for one in family))
    for family in _siblings(observed, "stream"):
        first = [events[0] for events in family]
        for one in first:
            shared = [both for other in first if other is not one and (both := _in_common(one, other))]
            if shared and len(shared) + 1 > num_equal:
                num_equal, common = len(shared) + 1, shared[0]
    return {
        "stream_workers_count": num_workers,
        "equal_stream_workers_count": num_equal if num_equal > 1 else 0,
        "common_samples_count": common and common[0],
        "compared_samples_count": common and common[1],
    }


def _length_facts(observed: Observed) -> dict[str, Any]:
    """Say of the stream whose wrong length ended the run, or the first, what it announced and what came."""
    events = [event for main in observed.mains for event in main.having("length")]
    first = min(events, key=lambda event: (not event.get("is_fatal"), event["at"]), default={})
    return {
        "stream_length_is_fatal": bool(first.get("is_fatal")),
        "stream_batches_seen_count": first.get("batches"),
        "stream_batches_expected_count": first.get("expected"),
        "stream_samples_announced_count": first.get("samples"),
    }


def _is_like_misreading(incident: Incident) -> bool:
    """Tell an exception that data read at the wrong place may raise: no missing key that the code names."""
    if incident.kind != "raised" or incident.error in UNLIKE_MISREADING:
        return False
    lines, _, said = incident.traceback.strip().rpartition("\n")
    key = said.removeprefix("KeyError: ").strip("'")
    return incident.error != "KeyError" or not (f"'{key}'" in lines or f'"{key}"' in lines)


def _handle_facts(observed: Observed, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Name a file whose position moved in several workers between their batches: it is not their own."""
    names: dict[str, int] = defaultdict(int)
    for family in _siblings(observed, "moved"):
        for name in {event["name"] for events in family for event in events}:
            num_moved = sum(any(event["name"] == name for event in events) for events in family)
            if num_moved > 1:
                names[name] = max(names[name], num_moved)
    most = max(names, key=lambda name: names[name], default=None)
    return {
        "shared_handle_name": most,
        "shared_handle_workers_count": names[most] if most else 0,
        "misread_samples_count": sum(map(_is_like_misreading, incidents)),
    }


def _rank_facts(observed: Observed) -> dict[str, Any]:
    """Compare a rank whose loop has ended with one that was given more batches of the same loader."""
    by_loader: dict[int, dict[int, LoaderUse]] = defaultdict(dict)
    for main in observed.mains:
        for use in () if main.having("failed") else main.loaders:
            by_loader[use.identity][main.process["rank"]] = use
    fewest = most = None
    for ranks in (ranks for ranks in by_loader.values() if len(ranks) > 1):
        ended = [use.counters["batches"] for use in ranks.values() if not use.counters["epoch_begin"]]
        if ended and (fewest is None or fewest == most):
            fewest, most = min(ended), max(use.counters["batches"] for use in ranks.values())
    failures = [] if fewest == most else collective_failures(read_trace(observed.stderr))
    return {
        "rank_batches_fewest_count": fewest,
        "rank_batches_most_count": most,
        "collective_failures_count": len(failures),
    }


def _growth_facts(observed: Observed) -> dict[str, Any]:
    """Return how the memory of the worker that grew most went on, from its second reading to its last.

    And which container in reach of the dataset has grown by most entries.
    """
    growths = [observed.growths[one.pid] for one in observed.workers if one.pid in observed.growths]
    long = [one for one in growths if len(one.seconds) >= FEWEST_READINGS]
    most = max(long, key=lambda one: one.uss_bytes[-1] - one.uss_bytes[1], default=None)
    events = (event for one in observed.workers for event in one.having("grown"))
    grown = max(events, key=lambda event: event["last"] - event["first"], default={})
    container = {
        "grown_name": grown.get("name"),
        "grown_kind": grown.get("kind"),
        "grown_first_count": grown.get("first"),
        "grown_last_count": grown.get("last"),
    }
    if most is None:
        memory = dict.fromkeys(("uss_first_bytes", "uss_late_bytes", "uss_last_bytes", "uss_seconds"))
        return memory | container
    readings, begin, end = most.uss_bytes, most.seconds[0], most.seconds[-1]
    num_early = sum(at <= begin + LATE * (end - begin) for at in most.seconds)  # readings become rarer
    return {
        "uss_first_bytes": readings[1],
        "uss_late_bytes": readings[num_early - 1],
        "uss_last_bytes": readings[-1],
        "uss_seconds": most.seconds[-1] - most.seconds[1],
        **container,
    }


def run_facts(observed: Observed, incidents: Sequence[Incident]) -> Facts:
    """Return what is known of a run as facts.

    Parameters
    ----------
    observed : Observed
    incidents : sequence of Incident
        `find_incidents(observed)`.
    """
    from diagnostics.watch.attribution import attribution_facts

    return _facts(
        {
            **_death_facts(observed, incidents),
            **_exit_facts(observed, incidents),
            **_hang_facts(observed),
            **_epoch_facts(observed, incidents),
            **_random_facts(observed),
            **_stream_facts(observed),
            **_length_facts(observed),
            **_growth_facts(observed),
            **_handle_facts(observed, incidents),
            **_rank_facts(observed),
            **attribution_facts(observed),
        }
    )

"""Records as the probe would have written them."""

from pathlib import Path

from diagnostics.watch.records import LoaderUse, Record

SECOND = 10**9
PROCESS = (
    "pid",
    "parent",
    "is_worker",
    "worker",
    "base_seed",
    "loader",
    "stage",
    "since",
    "batch",
    "position",
    "samples",
    "rank",
)
PROCESS += ("batches", "slowest_index", "slow_count", "uses_cuda")
PROCESS += tuple(
    f"{name}_ns" for name in ("fetch", "cpu", "ready", "timed", "collate", "send", "idle", "slowest", "slow")
)
COUNTERS = ("epochs", "batches", "delivered", "worker_starts", "waiting_since", "epoch_begin")
COUNTERS += tuple(f"{name}_ns" for name in ("wait", "first_wait", "busy", "start", "draw"))


def use(arguments=(), **counters):
    seconds = {name: int(value * SECOND) for name, value in counters.items() if name.endswith("_ns")}
    return LoaderUse(0, dict(arguments), 7, {**dict.fromkeys(COUNTERS, 0), **counters, **seconds})


def main(*loaders, events=(), stage="none", indices=(), **process):
    slots = {**dict.fromkeys(PROCESS, 0), "pid": 100, **process}
    return Record(Path("100.record"), slots, stage, tuple(indices), tuple(loaders), tuple(events))


def worker(number, *, events=(), stage="none", indices=(), **process):
    seconds = {name: int(value * SECOND) for name, value in process.items() if name.endswith("_ns")}
    own = {"pid": 200 + number, "parent": 100, "is_worker": 1, "worker": number, "loader": 7}
    slots = {**dict.fromkeys(PROCESS, 0), **own, **process, **seconds}
    return Record(Path(f"{200 + number}.record"), slots, stage, tuple(indices), (), tuple(events))

"""Where the time of a run's loading went: how long training waited, and what bounds it."""

from collections.abc import Mapping, Sequence
from typing import Any

from diagnostics.findings import Finding
from diagnostics.quantities import format_quantity
from diagnostics.watch.observing import Observed
from diagnostics.watch.records import LoaderUse


def _sum(uses: list[LoaderUse], name: str) -> float:
    return sum(use.seconds(name) for use in uses)


def waiting(observed: Observed) -> dict[str, Any]:
    """Return how long the reading processes waited for data.

    Returns
    -------
    dict
        `seconds` waited, `loop_seconds` from the first request to the last batch, the `fraction` of it;
        `first_batch_seconds` and `start_seconds` apart.
    """
    uses = [use for main in observed.mains for use in main.loaders]
    parts = {name: _sum(uses, name) for name in ("wait", "first_wait", "start", "busy")}
    waited = parts["wait"] + parts["first_wait"] + parts["start"]
    loop = waited + parts["busy"]
    return {
        "seconds": waited,
        "loop_seconds": loop,
        "fraction": waited / loop if loop else None,
        "first_batch_seconds": parts["first_wait"],
        "start_seconds": parts["start"],
        "batches": sum(use.counters["batches"] for use in uses),
    }


def attribution_facts(observed: Observed) -> Mapping[str, Any]:
    """Return the facts of waiting."""
    waited = waiting(observed)
    return {"waiting_seconds": waited["seconds"], "loop_seconds": waited["loop_seconds"]}


def loader_rows(observed: Observed) -> list[dict[str, Any]]:
    """Return each DataLoader with its arguments and what it cost."""
    return [
        {
            "pid": main.pid,
            **use.arguments,
            "epochs": use.counters["epochs"],
            "batches": use.counters["batches"],
            "waiting_seconds": use.seconds("wait"),
            "first_batch_seconds": use.seconds("first_wait"),
            "start_seconds": use.seconds("start"),
            "busy_seconds": use.seconds("busy"),
        }
        for main in observed.mains
        for use in main.loaders
    ]


def worker_rows(observed: Observed) -> list[dict[str, Any]]:
    """Return each worker with what it did."""
    return [
        {
            "worker": one.worker,
            "pid": one.pid,
            "parent": one.process["parent"],
            "stage": one.stage,
            "batches": one.process["batches"],
            "samples": one.process["samples"],
            **{f"{name}_seconds": one.seconds(name) for name in ("fetch", "collate", "send", "idle")},
            "slowest_sample_seconds": one.seconds("slowest"),
            "slowest_sample_index": one.process["slowest_index"],
            "uss_bytes": observed.growths[one.pid].uss_bytes[-1] if one.pid in observed.growths else None,
        }
        for one in observed.workers
    ]


def calm_line(observed: Observed, worth: Sequence[Finding]) -> str:
    """Return how long training waited for data, and whether anything is worth changing."""
    waited = waiting(observed)
    if not waited["batches"]:
        return "no DataLoader delivered a batch that the probe could see."
    seconds, loop = (format_quantity(waited[name], "seconds") for name in ("seconds", "loop_seconds"))
    change = f"{len(worth)} things are worth a look:" if worth else "nothing is worth changing."
    return f"training waited {seconds} for data, {waited['fraction']:.0%} of the loop's {loop}; {change}"

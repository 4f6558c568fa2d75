"""Each worker of a forkserver imports torch anew.

What it means
-------------
forkserver forks workers from a small server process, spawn starts them from nothing. Unless torch was
preloaded into the server, each worker imports it: about 2.5 s and 145 MiB a worker, one after another.

Why it matters
--------------
Four workers took 10 s to the first batch; with the preload 0.5 s and 16 MiB each.

How to fix
----------
`multiprocessing.set_forkserver_preload(["torch", "torch.utils.data", "numpy", "__main__"])` under the main
guard, before the first loader; persistent_workers=True pays the price once.

When it is fine
---------------
With persistent workers and long trainings.

References
----------
Python documentation, multiprocessing.set_forkserver_preload.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "DL261"
SLUG = "forkserver-without-preload"
TITLE = "Each worker imports torch anew"
_METHOD = "process.default_start_method"
_KINDS = ("spawn", "forkserver", "forkserver_preload")
_SECONDS = tuple(f"trial.{kind}_all_workers_seconds" for kind in _KINDS)
_MEMORY = tuple(f"trial.{kind}_worker_pss_bytes" for kind in _KINDS)
NEEDS = (_METHOD, *_SECONDS, *_MEMORY)
_FOUND = (2.3, 2.6, 0.05, 145 << 20, 145 << 20, 16 << 20)
FIRES = dict(zip(NEEDS, ("forkserver", *_FOUND), strict=True))
SILENT = dict(zip(NEEDS, ("fork", *_FOUND), strict=True))

LEAST_GAIN = 2.0
LEAST_SECONDS = 0.5


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire where workers are not forked by default and the preload would save much of their start."""
    method = facts[_METHOD]
    own = facts.get(f"trial.{method}_all_workers_seconds") if method != "fork" else facts[_SECONDS[1]]
    preloaded = facts[_SECONDS[2]]
    if own is None or not preloaded:
        return not_applicable("There is no forkserver here, or it starts no workers.")
    slow, fast = (format_quantity(value, "seconds") for value in (own, preloaded))
    if method == "fork":
        return ok(
            f"fork is the default; forkserver would take {slow} for two workers, {fast} with torch preloaded."
        )
    if own < LEAST_GAIN * preloaded or own - preloaded < LEAST_SECONDS:
        return ok(f"Two workers start by {method} in {slow}; preloading torch would hardly help ({fast}).")
    held = [facts.get(f"trial.{kind}_worker_pss_bytes") for kind in (method, "forkserver_preload")]
    evidence = [f"two workers by {method}: {slow}; by forkserver with torch preloaded: {fast}"]
    if None not in held:
        evidence.append(" against ".join(f"{format_quantity(value, 'bytes')} a worker" for value in held))
    remedy = Remedy(
        "Load torch into the server once, under the main guard, and keep the workers.",
        (
            'multiprocessing.set_start_method("forkserver")',
            'multiprocessing.set_forkserver_preload(["torch", "torch.utils.data", "numpy", "__main__"])',
            "DataLoader(..., persistent_workers=True)",
        ),
    )
    summary = f"Two workers take {slow} to start by {method}, {fast} from a forkserver with torch preloaded."
    return warn(summary, tuple(evidence), remedy)

"""One slow sample idles the other workers.

What it means
-------------
The loader hands out batches in order. A worker with a slow sample makes all the later batches wait, and
their workers stop when their queues are full.

Why it matters
--------------
With one slow sample in sixty, in_order=False was 1.4 to 1.9 times as fast.

How to fix
----------
`in_order=False` (torch 2.6 and newer), a larger prefetch_factor, or spread the slow samples.

When it is fine
---------------
Where the order of batches must be kept.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, in_order.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import counted, format_quantity

CODE = "DL263"
SLUG = "head-of-line-blocking"
TITLE = "One slow sample idles the other workers"
NEEDS = (
    "run.slow_samples_count",
    "run.slow_samples_fraction",
    "run.waiting_seconds",
    "run.loop_seconds",
    "run.loader_workers_count",
    "run.is_in_order",
)
FIRES = {
    "run.slow_samples_count": 30,
    "run.slow_samples_fraction": 0.6,
    "run.waiting_seconds": 20.0,
    "run.loop_seconds": 60.0,
    "run.loader_workers_count": 4,
    "run.is_in_order": True,
}
SILENT = {**FIRES, "run.slow_samples_count": 0, "run.slow_samples_fraction": 0.0}
SLOW_FRACTION = 0.3  # of the time of fetching
WAITING_FRACTION = 0.1  # of the loop
FEWEST_SECONDS = 1.0
_PASS = Remedy(
    "Let other batches pass the slow samples, or spread these.",
    ("DataLoader(..., in_order=False)", "DataLoader(..., prefetch_factor=4)"),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for samples over ten times slower than the mean that take a large share of the time."""
    num_slow, share = facts["run.slow_samples_count"], facts["run.slow_samples_fraction"]
    waited, loop = facts["run.waiting_seconds"], facts["run.loop_seconds"]
    num_workers = facts["run.loader_workers_count"]
    if not num_workers or num_workers < 2 or not loop or waited is None or num_slow is None or share is None:
        return not_applicable("No two workers loaded samples side by side.")
    is_waiting = waited >= max(WAITING_FRACTION * loop, FEWEST_SECONDS)
    if not num_slow or share < SLOW_FRACTION or not is_waiting or facts["run.is_in_order"] is False:
        return ok(f"No slow sample held up the others: {num_slow} took over ten times the mean.")
    evidence = (
        f"{num_slow} samples over ten times slower than the mean took {share:.0%} of the loading",
        f"the loop waited {format_quantity(waited, 'seconds')} of {format_quantity(loop, 'seconds')}",
    )
    return warn(
        f"{counted(num_workers, 'worker')} wait behind {counted(num_slow, 'slow sample')}.",
        evidence,
        _PASS,
        "likely",
    )

"""Workers are slower than no workers.

What it means
-------------
Crossing from a worker to the main process costs more than the work itself, as with samples that are ready
in memory.

Why it matters
--------------
With trivial samples one worker was 29 to 46 times slower than none.

How to fix
----------
num_workers=0; larger batches; let the dataset return whole batches.

When it is fine
---------------
Where the main process has other work to do meanwhile.

References
----------
PyTorch documentation, torch.utils.data, "Single- and Multi-process Data Loading".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import counted, format_quantity

CODE = "DL262"
SLUG = "too-many-workers-slower"
TITLE = "Workers are slower than none"
NEEDS = (
    "run.loop_seconds",
    "run.without_workers_seconds",
    "run.loader_workers_count",
    "run.start_seconds",
    "run.worker_starts_count",
)
FIRES = {
    "run.loop_seconds": 60.0,
    "run.without_workers_seconds": 5.0,
    "run.loader_workers_count": 4,
    "run.start_seconds": 4.0,
    "run.worker_starts_count": 1,
}
SILENT = {**FIRES, "run.without_workers_seconds": 200.0}
SLOWER_RATIO = 1.5
FEWEST_SECONDS = 1.0  # to be gained
_NONE = Remedy(
    "Load in the main process; or hand over larger pieces.",
    (
        "DataLoader(..., num_workers=0)",
        "DataLoader(..., batch_size=None)  # where the dataset returns batches",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the loop, had its workers been kept, with what its samples and its own work take without."""
    loop, alone = facts["run.loop_seconds"], facts["run.without_workers_seconds"]
    num_workers = facts["run.loader_workers_count"]
    if not num_workers or loop is None or alone is None:
        return not_applicable("No worker loaded samples.")
    took, would = format_quantity(loop, "seconds"), format_quantity(alone, "seconds")
    starting, num_starts = facts["run.start_seconds"] or 0.0, facts["run.worker_starts_count"] or 1
    kept = loop - starting * (num_starts - 1) / num_starts
    if kept < SLOWER_RATIO * alone or kept - alone < FEWEST_SECONDS:
        return ok(f"The loop took {took}; without workers its work alone is {would}.")
    evidence = (f"the loop took {took}; loading the same samples in it would make it {would}",)
    return warn(
        f"With {counted(num_workers, 'worker')} the loop is slower than with none.",
        evidence,
        _NONE,
        "likely",
    )

"""Fewer cores are really there than the system counts.

What it means
-------------
As many processes as cores counted at once, and did less together than the cores promise. Hyper-threads, a
quota, busy neighbours or other processes take the rest.

Why it matters
--------------
Loader workers that compute gain what was measured here, not what `nproc` says.

How to fix
----------
Size workers by the measured number; look who else computes here (`top`), and at the quota and steal above.

When it is fine
---------------
When something else was meant to run meanwhile, and for workers that wait rather than compute.

References
----------
Gunther, "Guerrilla Capacity Planning", 2007, on how throughput scales with processors.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "MC108"
SLUG = "fewer-cores-than-counted"
TITLE = "Fewer cores are really there than counted"
_RATIO, _LOW, _HIGH = (f"trial.parallel_speedup{side}_ratio" for side in ("", "_low", "_high"))
_COUNT = "trial.parallel_processes_count"
NEEDS = (_COUNT, "cpu.usable_cores", _RATIO, _LOW, _HIGH)
FIRES = dict(zip(NEEDS, (8, 8, 4.1, 3.9, 4.3), strict=True))
SILENT = dict(zip(NEEDS, (8, 8, 7.6, 7.3, 7.8), strict=True))

LOST_SHARE = 0.75  # of the counted cores; two hyper-threads of one core give 1.2 to 1.3 of it


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire where the whole interval lies below the share that should be there."""
    count, usable, ratio, low, high = (facts[key] for key in NEEDS)
    if None in (count, usable, ratio, low, high) or count < 2:
        return not_applicable("There is one core: nothing to share out.")
    promised = min(count, usable)
    interval = f"{format_quantity(ratio, 'ratio')} (95 % interval {low:.3g} to {high:.3g})"
    told = f"{count:g} processes do {interval} the work of one"
    if high >= LOST_SHARE * promised:
        there = f"the {format_quantity(promised, 'cores')} are there"
        sure = low >= LOST_SHARE * promised
        return ok(f"{told}: {there if sure else 'too unsteady to say that cores are missing'}.")
    evidence = (f"{told}, alternated; {format_quantity(promised, 'cores')} counted as usable",)
    workers = max(1, round(ratio))
    remedy = Remedy(
        "Size workers and threads by what was measured, and see who else computes here.",
        (f"DataLoader(..., num_workers={workers})", "top -o %CPU", "vmstat 1 5   # st: taken by the host"),
    )
    return warn(
        f"{told}, though {format_quantity(promised, 'cores')} are counted.", evidence, remedy, "likely"
    )

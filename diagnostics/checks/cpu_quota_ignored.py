"""The CPU quota is smaller than the number of cores that torch sees.

What it means
-------------
A container or job may run on N cores at once, and its control group lets it use the time of fewer. torch
counts threads and suggests workers from the N (the affinity); it does not read the quota, and neither does
`os.cpu_count`.

Why it matters
--------------
Every 100 ms the quota is spent early and the whole process stands still until the next period: threads wait
for one another at barriers, workers starve the training loop, and timings come in steps.

How to fix
----------
Set threads and workers from the quota, as printed with this finding, or ask for a larger quota (`docker run
--cpus`, `resources.limits.cpu` in Kubernetes).

When it is fine
---------------
Work that is mostly waiting (downloads, network storage) may use more workers than the quota has cores.

References
----------
Linux kernel documentation, "Control Group v2", cpu.max; "CFS Bandwidth Control".
torch.utils.data.DataLoader.check_worker_number_rationality, which reads the affinity only.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "MC101"
SLUG = "cpu-quota-ignored"
TITLE = "torch sees more cores than the CPU quota allows"
NEEDS = ("system.os_name", "cpu.affinity_cores", "cpu.quota_cores")
FIRES = {"system.os_name": "Linux", "cpu.affinity_cores": 64, "cpu.quota_cores": 4.0}
SILENT = {"system.os_name": "Linux", "cpu.affinity_cores": 8, "cpu.quota_cores": 8.0}

FEWEST_CORES = 1  # a quota of half a core still needs one thread


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the quota with the affinity."""
    if facts["system.os_name"] != "Linux":
        return not_applicable("CPU quotas are a Linux matter.")
    affinity, quota = facts["cpu.affinity_cores"] or 0, facts["cpu.quota_cores"]
    seen = format_quantity(affinity, "cores")
    if quota is None:
        return ok(f"No CPU quota: you may use the {seen} that torch sees.")
    allowed = format_quantity(quota, "cores")
    if quota >= affinity:
        return ok(f"Your CPU quota of {allowed} covers the {seen} that torch sees.")
    cores = max(FEWEST_CORES, int(quota))
    remedy = Remedy(
        f"Size threads and workers for {allowed}, or ask for a larger quota.",
        (f"export OMP_NUM_THREADS={cores}", f"torch.set_num_threads({cores})", f"num_workers={cores}"),
    )
    evidence = (f"affinity: {seen} (os.sched_getaffinity)", f"CPU quota: {allowed} (control group)")
    return warn(f"torch sees {seen}; your CPU quota allows {allowed}.", evidence, remedy)

"""More workers than the machine has CPUs for.

What it means
-------------
torch compares num_workers with the CPUs that this process may use and warns.

Why it matters
--------------
It is a remark, no error: workers that wait for storage may well outnumber the CPUs; workers that compute
only get in each other's way and take memory.

How to fix
----------
Lower the number, or measure. A container's quota is not seen by this warning.

When it is fine
---------------
With slow storage.

References
----------
PyTorch source, DataLoader.check_worker_number_rationality.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised

CODE = "DL251"
SLUG = "too-many-workers"
TITLE = "There are more workers than CPUs"
LOG_FIRES = (
    "UserWarning: This DataLoader will create 8 worker processes in total. Our suggested "
    "max number of worker in "
    "current system is 2, which is smaller than what this DataLoader is going to create.\n",
    "/opt/lib/site-packages/torch/utils/data/dataloader.py:557: UserWarning: This "
    "DataLoader will create 16 worker "
    "processes in total. Our suggested max number of worker in current system is 12 "
    "(`cpuset` is not taken into "
    "account), which is smaller\n",
)
LOG_SILENT = ("The 'train_dataloader' does not have many workers which may be a bottleneck.\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's warning."""
    found = phrase(
        trace,
        r"DataLoader will create (\d+) worker processes in total\. (?:Our suggested max "
        r"number of worker in current system is (\d+))?",
    )
    if found is None:
        return None
    count = found.groups[1] if len(found.groups) > 1 and found.groups[1] else "fewer"
    remedy = Remedy(
        "Use fewer workers, and measure.",
        (f"DataLoader(..., num_workers={count if count.isdigit() else 2})",),
    )
    summary = f"{found.groups[0]} workers on a machine for which torch suggests at most {count}."
    return recognised(found, summary, remedy, Role.REMARK, 45, "certain")

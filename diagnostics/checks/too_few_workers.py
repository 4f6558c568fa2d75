"""Lightning finds that there are few workers.

What it means
-------------
Lightning compares num_workers with the number of CPUs and remarks that more might help. It has not measured
whether training waits for data.

Why it matters
--------------
It is a remark, no error. With samples that cost little, more workers are slower.

How to fix
----------
Measure with a few numbers of workers before you follow it.

When it is fine
---------------
Where the GPU is busy all the time.

References
----------
Lightning documentation, "Speed up model training".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised

CODE = "DL252"
SLUG = "too-few-workers"
TITLE = "Few workers, which may be a bottleneck"
LOG_FIRES = (
    "The 'train_dataloader' does not have many workers which may be a bottleneck. "
    "Consider increasing the value of "
    "the `num_workers` argument` to `num_workers=31` in the `DataLoader` to improve performance.\n",
    "UserWarning: The dataloader, val_dataloader 0, does not have many workers which may "
    "be a bottleneck. Consider "
    "increasing the value of the `num_workers` argument` (try 8 which is the number of "
    "cpus on this machine)\n",
)
LOG_SILENT = ("UserWarning: This DataLoader will create 8 worker processes in total.\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for Lightning's remark."""
    found = phrase(
        trace,
        r"does not have many workers which may be a bottleneck|Consider increasing the value "
        r"of the `?num_workers",
    )
    if found is None:
        return None
    remedy = Remedy(
        "Measure 0, 2, 4 workers rather than take the number.",
        ("python -m diagnostics tune FILE.py:NAME  # measures which settings are best here",),
    )
    return recognised(
        found,
        "Lightning remarks on few workers; whether more of them help is to be measured.",
        remedy,
        Role.REMARK,
        42,
        "certain",
    )

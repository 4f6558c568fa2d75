"""Workers are started anew for each epoch.

What it means
-------------
Without persistent_workers, all workers end with the epoch and start again with the next: seconds per worker
by spawn or forkserver, less by fork.

Why it matters
--------------
With short epochs the start is a large share of the time.

How to fix
----------
`persistent_workers=True`.

When it is fine
---------------
With long epochs, or where workers' memory must be given back.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, persistent_workers.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised

CODE = "DL265"
SLUG = "no-persistent-workers"
TITLE = "Workers are started anew each epoch"
LOG_FIRES = (
    "Consider setting `persistent_workers=True` in 'train_dataloader' to speed up the dataloader worker "
    "initialization.\n",
    "lightning/data_connector.py:419: Consider setting `persistent_workers=True` in 'val_dataloader'\n",
)
LOG_SILENT = ("ValueError: persistent_workers option needs num_workers > 0\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for Lightning's remark."""
    found = phrase(trace, r"Consider setting `?persistent_workers=True")
    if found is None:
        return None
    remedy = Remedy(
        "Keep the workers from epoch to epoch.", ("DataLoader(..., num_workers=4, persistent_workers=True)",)
    )
    return recognised(
        found,
        "Workers are started anew each epoch; Lightning remarks on it.",
        remedy,
        Role.REMARK,
        41,
        "certain",
    )

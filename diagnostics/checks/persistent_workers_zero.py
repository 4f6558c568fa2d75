"""persistent_workers is set, and there are no workers.

What it means
-------------
Workers can only be kept where there are some.

Why it matters
--------------
It strikes when num_workers is set to 0 for debugging.

How to fix
----------
Tie the one to the other.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, persistent_workers.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL249"
SLUG = "persistent-workers-zero"
TITLE = "persistent_workers is set without workers"
LOG_FIRES = (
    "ValueError: persistent_workers option needs num_workers > 0\n",
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 249, in __init__\n'
    "    raise ValueError('persistent_workers option needs num_workers > 0')\n"
    "ValueError: persistent_workers option needs num_workers > 0\n",
)
LOG_SILENT = (
    "ValueError: num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the loader's refusal."""
    found = phrase(trace, r"persistent_workers option needs num_workers ?>? ?0?")
    if found is None:
        return None
    remedy = Remedy(
        "Tie it to the number of workers.", ("DataLoader(..., num_workers=n, persistent_workers=n > 0)",)
    )
    return recognised(found, "persistent_workers=True with num_workers=0.", remedy, score=84)

"""prefetch_factor is set, and there are no workers.

What it means
-------------
Only workers fetch ahead. From torch 2.0 on, prefetch_factor must be None without them (before, 2).

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
PyTorch documentation, torch.utils.data.DataLoader, prefetch_factor.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL250"
SLUG = "prefetch-factor-zero-workers"
TITLE = "prefetch_factor is set without workers"
LOG_FIRES = (
    "ValueError: prefetch_factor option could only be specified in multiprocessing.let "
    "num_workers > 0 to enable "
    "multiprocessing, otherwise set prefetch_factor to None.\n",
    "ValueError: prefetch_factor option could only be specified in multiprocessing.let "
    "num_workers > 0 to enable "
    "multiprocessing.\n",
)
LOG_SILENT = ("ValueError: persistent_workers option needs num_workers > 0\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the loader's refusal."""
    found = phrase(trace, r"prefetch_factor option could only be specified")
    if found is None:
        return None
    remedy = Remedy(
        "Tie it to the number of workers.",
        ("DataLoader(..., num_workers=n, prefetch_factor=4 if n > 0 else None)",),
    )
    return recognised(found, "prefetch_factor is set with num_workers=0.", remedy, score=84)

"""prefetch_factor without workers.

What it means
-------------
The loader is told how many batches each worker prepares ahead, and has no workers: num_workers is 0, its
default.

Why it matters
--------------
The constructor raises "prefetch_factor option could only be specified in multiprocessing" (torch 2.0 and
newer).

How to fix
----------
Give the loader workers, or pass prefetch_factor=None where it has none.

When it is fine
---------------
Never with num_workers=0.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, prefetch_factor.
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.zero_workers import without_workers

CODE = "LN108"
SLUG = "prefetch-factor-zero-workers"
TITLE = "prefetch_factor without workers"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, prefetch_factor=4)
""",
    """
from torch.utils.data import DataLoader
WORKERS = 0
loader = DataLoader(dataset, num_workers=WORKERS, prefetch_factor=2)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, prefetch_factor=4)
""",
    """
from torch.utils.data import DataLoader
def make(workers=0):
    return DataLoader(dataset, num_workers=workers, prefetch_factor=2 if workers else None)
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find loaders that prefetch without workers."""
    for loader, words, confidence in without_workers(
        script, "prefetch_factor", lambda each: each.is_constant and not each.is_(None)
    ):
        count, factor = loader.argument("num_workers"), loader.argument("prefetch_factor")
        if count is not None and factor is not None and not source_of(count).isdigit():
            choice = f"{source_of(factor, 200)} if {source_of(count, 200)} > 0 else None"
            fixed = loader.corrected(prefetch_factor=choice)
        else:
            fixed = loader.corrected(num_workers="2") + "  # or without prefetch_factor"
        given = source_of(factor, 30) if factor is not None else "given"
        yield spot_at(
            loader.call,
            f"prefetch_factor={given}, and {words}: the constructor raises ValueError.",
            "Give it workers, or drop the option.",
            fixed,
            confidence=confidence,
        )

"""timeout without workers.

What it means
-------------
The loader is told how long to wait for a worker's batch, and has no workers: num_workers is 0, its default.

Why it matters
--------------
Reading the first batch stops with a bare AssertionError that names nothing.

How to fix
----------
Give the loader workers, or drop timeout.

When it is fine
---------------
timeout=0, the default, means to wait for ever and is fine anywhere.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, timeout.
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.possible import Possible
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.zero_workers import without_workers

CODE = "LN109"
SLUG = "timeout-with-zero-workers"
TITLE = "timeout without workers"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, timeout=60)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, 4, True, num_workers=0, **dict(timeout=30))
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, timeout=60)
""",
    """
from torch.utils.data import DataLoader
def make(workers=0):
    return DataLoader(dataset, num_workers=workers, timeout=60 if workers else 0)
""",
)


def _is_set(each: Possible) -> bool:
    return isinstance(each.constant, int | float) and each.constant > 0


def find(script: Script) -> Iterator[Spot]:
    """Find loaders that wait for workers which they do not have."""
    for loader, words, confidence in without_workers(script, "timeout", _is_set):
        given = loader.argument("timeout")
        value = source_of(given, 30) if given is not None else "?"
        yield spot_at(
            loader.call,
            f"timeout={value}, and {words}: reading it raises AssertionError.",
            "Give it workers, or drop timeout.",
            loader.corrected(drop=("timeout",)) + "  # or num_workers=2 with it",
            confidence=confidence,
        )

"""persistent_workers=True without workers.

What it means
-------------
The loader is told to keep its workers from epoch to epoch, and has none: num_workers is 0, its default.

Why it matters
--------------
The constructor raises "persistent_workers option needs num_workers > 0".

How to fix
----------
Give the loader workers, or make the option depend on them.

When it is fine
---------------
Never with num_workers=0.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, persistent_workers.
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.zero_workers import without_workers

CODE = "LN107"
SLUG = "persistent-workers-zero"
TITLE = "persistent_workers=True without workers"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, batch_size=4, persistent_workers=True)
""",
    """
import argparse
from torch.utils.data import DataLoader
parser = argparse.ArgumentParser()
parser.add_argument("--workers", type=int, default=0)
args = parser.parse_args()
options = {"num_workers": args.workers, "persistent_workers": True}
loader = DataLoader(dataset, **options)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
def make(num_workers=0):
    return DataLoader(dataset, num_workers=num_workers, persistent_workers=num_workers > 0)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, persistent_workers=True)
""",
    """
from torch.utils.data import DataLoader
def make(options):
    return DataLoader(dataset, persistent_workers=True, **options)
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find loaders that keep workers and have none."""
    for loader, words, confidence in without_workers(
        script, "persistent_workers", lambda each: each.is_(True)
    ):
        count = loader.argument("num_workers")
        depends = "num_workers=2"
        if count is not None and not source_of(count).isdigit():
            fixed = loader.corrected(persistent_workers=f"{source_of(count, 200)} > 0")
        else:
            fixed = loader.corrected(num_workers="2") + "  # or without persistent_workers"
        yield spot_at(
            loader.call,
            f"persistent_workers=True, and {words}: the constructor raises ValueError.",
            f"Give it workers ({depends}), or drop the option.",
            fixed,
            confidence=confidence,
        )

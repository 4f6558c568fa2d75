"""A sampler and shuffle=True together.

What it means
-------------
The loader gets a sampler, which decides the order of the samples, and shuffle=True, which does as well.

Why it matters
--------------
The constructor raises "sampler option is mutually exclusive with shuffle".

How to fix
----------
Drop shuffle: RandomSampler and DistributedSampler shuffle themselves.

When it is fine
---------------
Never; `shuffle=(sampler is None)` serves code that may or may not have a sampler.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, sampler and shuffle.
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.exclusive import collide
from diagnostics.lint.foreseen import is_foreseen, names_of
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN110"
SLUG = "sampler-shuffle-exclusive"
TITLE = "A sampler and shuffle=True together"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import DataLoader, RandomSampler
loader = DataLoader(dataset, sampler=RandomSampler(dataset), shuffle=True)
""",
    """
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
sampler = DistributedSampler(dataset) if distributed else None
loader = DataLoader(dataset, 4, True, sampler)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
sampler = DistributedSampler(dataset) if distributed else None
loader = DataLoader(dataset, shuffle=(sampler is None), sampler=sampler)
""",
    """
from torch.utils.data import DataLoader
def make(sampler=None):
    return DataLoader(dataset, sampler=sampler, shuffle=True)
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find loaders with both."""
    for loader in script.loaders:
        if is_foreseen(script, loader, names_of(loader, "sampler", "shuffle")):
            continue
        if any(collide(loader, variant, "sampler", "shuffle", True) for variant in loader.variants):
            sampler = loader.argument("sampler")
            name = source_of(sampler, 40) if sampler is not None else "a sampler"
            yield spot_at(
                loader.call,
                f"sampler={name} and shuffle=True: the constructor raises ValueError.",
                "Drop shuffle; the sampler decides the order.",
                loader.corrected(drop=("shuffle",)),
            )

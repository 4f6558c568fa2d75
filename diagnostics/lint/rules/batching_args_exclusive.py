"""A batch_sampler, or batch_size=None, with arguments that it excludes.

What it means
-------------
batch_sampler makes the batches itself, so that batch_size, shuffle, sampler and drop_last have nothing to
say; batch_size=None makes no batches, so that there is no last one to drop.

Why it matters
--------------
The constructor raises "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and
drop_last" (or "batch_size=None option disables auto-batching").

How to fix
----------
Keep the one, drop the others.

When it is fine
---------------
Never; the arguments' defaults may be written out.

References
----------
PyTorch documentation, torch.utils.data, "Loading Batched and Non-Batched Data".
"""

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.exclusive import surely
from diagnostics.lint.foreseen import is_foreseen, names_of
from diagnostics.lint.loaders import Loader
from diagnostics.lint.mappings import Mapping
from diagnostics.lint.possible import Possible
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at

CODE = "LN112"
SLUG = "batching-args-exclusive"
TITLE = "A batch_sampler, or batch_size=None, with arguments that it excludes"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import BatchSampler, DataLoader, RandomSampler
batches = BatchSampler(RandomSampler(dataset), 8, False)
loader = DataLoader(dataset, batch_size=8, batch_sampler=batches)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, batch_size=None, drop_last=True)
""",
)
SILENT = (
    """
from torch.utils.data import BatchSampler, DataLoader, RandomSampler
batches = BatchSampler(RandomSampler(dataset), 8, False)
loader = DataLoader(dataset, batch_sampler=batches, num_workers=2)
""",
    """
from torch.utils.data import DataLoader
def make(batch_size=8, batch_sampler=None):
    return DataLoader(dataset, batch_size=batch_size, batch_sampler=batch_sampler)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, batch_size=None, shuffle=True)
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find loaders whose arguments about batches exclude each other."""
    for loader in script.loaders:
        for variant in loader.variants:
            kept, dropped = _collision(loader, variant)
            if dropped and not is_foreseen(script, loader, names_of(loader, kept, *dropped)):
                yield spot_at(
                    loader.call,
                    f"{kept} excludes {' and '.join(dropped)}: the constructor raises ValueError.",
                    f"Keep {kept}, drop {' and '.join(dropped)}.",
                    loader.corrected(drop=dropped),
                )
                break


def _collision(loader: Loader, variant: Mapping) -> tuple[str, tuple[str, ...]]:
    if surely(loader.possible(variant, "batch_sampler")):
        return "batch_sampler", tuple(
            name
            for name in ("batch_size", "shuffle", "sampler", "drop_last")
            if _says_something(name, loader.possible(variant, name))
        )
    is_unbatched = all(each.is_(None) for each in loader.possible(variant, "batch_size"))
    if is_unbatched and all(each.is_(True) for each in loader.possible(variant, "drop_last")):
        return "batch_size=None", ("drop_last",)
    return "", ()


def _says_something(name: str, found: list[Possible]) -> bool:
    if name == "sampler":
        return surely(found)
    if name == "batch_size":
        return all(each.is_constant and not each.is_(1) for each in found)
    return all(each.is_(True) for each in found)

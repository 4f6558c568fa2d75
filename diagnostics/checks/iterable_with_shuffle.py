"""shuffle or a sampler was given for an IterableDataset.

What it means
-------------
An IterableDataset decides its order itself; the loader has no indices to shuffle and refuses.

Why it matters
--------------
It fails when the loader is made. Frameworks that add a sampler by themselves come upon it as well.

How to fix
----------
Shuffle inside the dataset (a buffer of samples, shuffled shards), and leave shuffle out.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data, "Iterable-style datasets".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL245"
SLUG = "iterable-with-shuffle"
TITLE = "shuffle is set for an IterableDataset"
LOG_FIRES = (
    "ValueError: DataLoader with IterableDataset: expected unspecified shuffle option, "
    "but got shuffle=True\n",
    "ValueError: DataLoader with IterableDataset: expected unspecified sampler option, but got "
    "sampler=<torch.utils.data.distributed.DistributedSampler object>\n",
)
LOG_SILENT = ("ValueError: sampler option is mutually exclusive with shuffle\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the loader's refusal."""
    found = phrase(trace, r"DataLoader with IterableDataset: expected unspecified (\w+)")
    if found is None:
        return None
    remedy = Remedy(
        "Shuffle inside the dataset and leave the option out.",
        ("DataLoader(stream, batch_size=32)  # no shuffle, no sampler",),
    )
    return recognised(
        found, "An IterableDataset takes no {0}: it decides its order itself.", remedy, score=84
    )

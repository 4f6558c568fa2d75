"""A sampler and shuffle=True exclude each other.

What it means
-------------
shuffle=True makes the loader use a random sampler of its own; with a sampler given, there are two.

Why it matters
--------------
It fails when the loader is made.

How to fix
----------
Leave shuffle out; let the sampler shuffle (DistributedSampler does by default, with `set_epoch`).

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data.DataLoader.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL246"
SLUG = "sampler-shuffle-exclusive"
TITLE = "sampler and shuffle are both set"
LOG_FIRES = (
    "ValueError: sampler option is mutually exclusive with shuffle\n",
    '  File "C:\\lib\\site-packages\\torch\\utils\\data\\dataloader.py", line 183, in __init__\n'
    "    raise ValueError('sampler option is mutually exclusive with '\n"
    "ValueError: sampler option is mutually exclusive with shuffle\n",
)
LOG_SILENT = (
    "ValueError: batch_sampler option is mutually exclusive with batch_size, shuffle, "
    "sampler, and drop_last\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the loader's refusal."""
    found = phrase(trace, r"(?<!_)sampler (?:option )?is mutually exclusive with shuffle")
    if found is None:
        return None
    remedy = Remedy("Leave shuffle to the sampler.", ("DataLoader(dataset, sampler=sampler)  # no shuffle=",))
    return recognised(
        found, "The loader got a sampler and shuffle=True; it takes only one of the two.", remedy, score=84
    )

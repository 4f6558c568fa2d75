"""Arguments for batching exclude one another.

What it means
-------------
batch_sampler decides size, order and remainder of batches; batch_size, shuffle, sampler and drop_last do
the same. batch_size=None switches batching off, and drop_last has nothing to drop.

Why it matters
--------------
It fails when the loader is made, often inside a framework that makes it anew.

How to fix
----------
Keep one of the two.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data, "Loading Batched and Non-Batched Data".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, has, phrase, recognised

CODE = "DL247"
SLUG = "batching-args-exclusive"
TITLE = "Batching arguments exclude one another"
LOG_FIRES = (
    "ValueError: batch_sampler option is mutually exclusive with batch_size, shuffle, "
    "sampler, and drop_last\n",
    "ValueError: batch_size=None option disables auto-batching and is mutually exclusive with drop_last\n",
)
LOG_SILENT = ("ValueError: sampler option is mutually exclusive with shuffle\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the loader's refusal."""
    found = phrase(
        trace,
        r"batch_sampler (?:option )?is mutually exclusive|batch_size=None option disables auto-batching",
    )
    if found is None:
        return None
    if has(found, "disables auto-batching"):
        remedy = Remedy(
            "Leave drop_last and batch_sampler out; the dataset makes its batches itself.",
            ("DataLoader(dataset, batch_size=None)", "DataLoader(dataset, batch_size=8, drop_last=True)"),
        )
        summary = "batch_size=None switches batching off, and another argument is about batches."
        return recognised(found, summary, remedy, score=84)
    remedy = Remedy(
        "Give a batch_sampler alone, or the others.", ("DataLoader(dataset, batch_sampler=batch_sampler)",)
    )
    return recognised(found, "Two ways of batching were given at once.", remedy, score=84)

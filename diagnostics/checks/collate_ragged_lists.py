"""Samples hold lists of different lengths.

What it means
-------------
The default collate turns a list inside the samples into a list of batches, element by element; all lists
must be of one length.

Why it matters
--------------
Boxes, tokens or captions differ from sample to sample, so that the first mixed batch fails.

How to fix
----------
Pad them to one length, make a tensor of them and pad it, or keep them as they are in a collate_fn of your
own.

When it is fine
---------------
With batch_size=1.

References
----------
PyTorch documentation, torch.utils.data.default_collate.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL226"
SLUG = "collate-ragged-lists"
TITLE = "Lists in the samples differ in length"
LOG_FIRES = (
    "RuntimeError: each element in list of batch should be of equal size\n",
    '  File "C:\\lib\\site-packages\\torch\\utils\\data\\_utils\\collate.py", line 83, in default_collate\n'
    "    raise RuntimeError('each element in list of batch should be of equal size')\n"
    "RuntimeError: each element in list of batch should be of equal size\n",
)
LOG_SILENT = ("ValueError: all the input arrays must have same number of dimensions\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for collate's refusal."""
    found = phrase(trace, r"each element in list of batch should be of equal size")
    if found is None:
        return None
    remedy = Remedy(
        "Pad the lists, or keep them in a collate_fn.",
        ("def collate(batch): return list(zip(*batch))", "DataLoader(..., collate_fn=collate)"),
    )
    return recognised(
        found,
        "Lists inside the samples differ in length; the default collate needs them equal.",
        remedy,
        score=68,
    )

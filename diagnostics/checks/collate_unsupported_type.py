"""A batch holds what cannot be collated: None, an image, an object.

What it means
-------------
The default collate knows tensors, arrays, numbers, strings, and dicts and lists of these. A dataset that
returns None for a broken sample, a PIL image (no ToTensor), or an object of its own is refused.

Why it matters
--------------
None often means that a branch of `__getitem__` has no return.

How to fix
----------
Convert to tensors in the dataset; filter None in a collate_fn; write a collate_fn for own classes.

When it is fine
---------------
With batch_size=None nothing is collated.

References
----------
PyTorch documentation, torch.utils.data.default_collate.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, raised_in, recognised

CODE = "DL227"
SLUG = "collate-unsupported-type"
TITLE = "A batch holds what cannot be collated"
_WORDS = (
    r"batch must contain (?:tensors|numbers)[^;]{0,90}; ?found (?:<class '([\w.]+)'>"
    r"|([\w.]+))|batch must contain tensors"
)
_NONE = r"NoneType|expected Tensor as element|PIL\.|Image\b.{0,40}(?:not|has no)"
LOG_FIRES = (
    "TypeError: default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
    "found <class 'NoneType'>\n",
    "TypeError: batch must contain tensors, numbers, dicts or lists; found <class 'PIL.Image.Image'>\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 30, in '
    "<module>\n    x = x.shape\n"
    "AttributeError: 'NoneType' object has no attribute 'shape'\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for collate's refusal of a type, or for None met inside collate."""
    found = phrase(trace, _WORDS) or raised_in(
        trace, "collate", type_pattern="TypeError|AttributeError", pattern=_NONE
    )
    if found is None:
        return None
    kind = next((group for group in found.groups if group), "")
    kind = kind or ("NoneType" if "NoneType" in found.lines[-1].text else "a type it does not know")
    code = (
        "batch = [sample for sample in batch if sample is not None]  # in collate_fn"
        if kind == "NoneType"
        else "image = torchvision.transforms.functional.to_tensor(image)"
    )
    remedy = Remedy(
        "Return tensors, numbers or strings from the dataset, or write a collate_fn.",
        (code, "DataLoader(..., collate_fn=collate)"),
    )
    return recognised(
        found, f"A batch holds {kind}, which the collate function cannot put together.", remedy, score=66
    )

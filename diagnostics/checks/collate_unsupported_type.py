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
from diagnostics.traces.blame import blame
from diagnostics.traces.clues import Clue, Recognition, Trace, error_clue, phrase, raised_in, recognised
from diagnostics.traces.trace import compiled

CODE = "DL227"
SLUG = "collate-unsupported-type"
TITLE = "A batch holds what cannot be collated"
_WORDS = (
    r"batch must contain (?:tensors|numbers)[^;]{0,90}; ?found (?:<class '([\w.]+)'>"
    r"|([\w.]+))|batch must contain tensors"
)
_NONE = r"NoneType|expected Tensor as element|PIL\.|Image\b.{0,40}(?:not|has no)"
_TYPES = "TypeError|AttributeError"
# What is found, what to do, and code to paste; the first that fits.
_ADVICE = (
    (
        "NoneType",
        "Let every branch of __getitem__ return a sample, or leave None out in a collate_fn.",
        "batch = [sample for sample in batch if sample is not None]  # in collate_fn",
        "DataLoader(..., collate_fn=collate)",
    ),
    (
        r"PIL|Image",
        "Convert images to tensors in the dataset.",
        "image = torchvision.transforms.functional.to_tensor(image)",
    ),
    (r"(?i)path", "Return paths as strings.", "return image, str(path)"),
    (
        r"torch_geometric|HeteroData",
        "Graphs have a loader of their own, which joins them.",
        "from torch_geometric.loader import DataLoader",
    ),
    (
        r"dgl\b",
        "Graphs have a loader of their own, which joins them.",
        "from dgl.dataloading import GraphDataLoader",
    ),
    (
        r"(?i)dataset|subset",
        "__getitem__ returns a dataset in place of a sample: it is nested once too often.",
        "print(type(dataset[0]))",
    ),
    (
        r"(?i)datetime|timestamp",
        "Turn times into numbers in the dataset.",
        "time = times.astype('datetime64[s]').astype('int64')",
    ),
    (
        r"numpy\.(?:object|str|bytes)|^(?:object|str)_?$",
        "Arrays of strings or objects have no tensor: return lists of str, or numbers.",
        "array = array.astype('float32')  # or array.tolist()",
    ),
)
_OTHERS = (
    "Return tensors, numbers or strings from the dataset, or write a collate_fn.",
    "def collate(samples): return samples  # a list, as it is",
    "DataLoader(..., collate_fn=collate)",
)
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


def _refused_by_default(trace: Trace) -> Clue | None:
    """Find what torch's own collate function could not make a tensor of."""
    for error in trace.errors:
        is_type = error.type in {"TypeError", "AttributeError"} and trace.place(error) == "collate"
        if is_type and not error.is_wrapper and blame(error, "collate").part == "default collate":
            return error_clue(trace, r"of type ([\w.]+)", error)
    return None


def recognise(trace: Trace) -> Recognition | None:
    """Look for collate's refusal of a type, or for None met inside collate."""
    found = (
        phrase(trace, _WORDS)
        or raised_in(trace, "collate", type_pattern=_TYPES, pattern=_NONE)
        or _refused_by_default(trace)
    )
    if found is None:
        return None
    kind = next((group for group in found.groups if group), "")
    kind = kind or ("NoneType" if "NoneType" in found.lines[-1].text else "a type it does not know")
    advice = next((advice for pattern, *advice in _ADVICE if compiled(pattern).search(kind)), _OTHERS)
    remedy = Remedy(advice[0], tuple(advice[1:]))
    return recognised(
        found, f"A batch holds {kind}, which the collate function cannot put together.", remedy, score=66
    )

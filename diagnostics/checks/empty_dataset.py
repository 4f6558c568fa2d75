"""The dataset is empty.

What it means
-------------
A shuffled loader over a dataset of length 0 cannot draw. Nearly always the data was not found: a wrong path,
another extension, a pattern that matches nothing, an empty split.

Why it matters
--------------
The message names a sampler's argument and not the path.

How to fix
----------
Print the path and `len(dataset)`; check extension (case matters on Linux) and working folder.

When it is fine
---------------
Never.

References
----------
PyTorch source, torch/utils/data/sampler.py.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL248"
SLUG = "empty-dataset"
TITLE = "The dataset is empty"
_WORDS = (
    r"num_samples should be a positive inte(?:ger|geral) value, but got num_samples ?=? "
    r"?0|Found 0 (?:files|images|samples)\b"
    r"|Couldn'?t find any class folder|Found no valid file for the classes|[Nn]o (?:valid "
    r")?(?:images|files|labels|image files) (?:were )?found in|\b0 images, 0 (?:labels"
    r"|backgrounds|corrupt)"
)
LOG_FIRES = (
    "ValueError: num_samples should be a positive integer value, but got num_samples=0\n",
    "RuntimeError: Found 0 files in subfolders of: ./data/train\nSupported extensions are: .jpg,.jpeg,.png\n",
)
LOG_SILENT = ("ValueError: num_samples should be a positive integer value, but got num_samples=-5\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a sampler over nothing, or for a folder without files."""
    found = phrase(trace, _WORDS)
    if found is None:
        return None
    list_files = (
        'dir /s /b data | find /c /v ""'
        if trace.platform.os_name == "Windows"
        else "find data -type f | head"
    )
    remedy = Remedy(
        "Correct the path or the pattern, and check the length.",
        ("print(os.getcwd(), root, len(dataset))", list_files),
    )
    return recognised(
        found, "The dataset has 0 samples: its path or pattern matches nothing.", remedy, score=70
    )

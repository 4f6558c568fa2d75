"""prefetch_factor is set, and there are no workers.

What it means
-------------
Only workers fetch ahead. From torch 2.0 on, prefetch_factor must be None without them (before, 2).

Why it matters
--------------
It strikes when num_workers is set to 0 for debugging.

How to fix
----------
Tie the one to the other.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, prefetch_factor.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised, told

CODE = "DL250"
SLUG = "prefetch-factor-zero-workers"
TITLE = "prefetch_factor is set without workers"
_FAILS = r"\b(?:crash\w*|errors?|fail\w*|exceptions?|rais(?:es?|ing)|refused?)\b"
_BOTH = r"(?:prefetch_factor\b[^?!]{0,120}\bnum_workers|num_workers\b[^?!]{0,120}\bprefetch_factor)\b"
_NONE = r"(?:default|without|no workers|zero|(?<![\d.])0(?![\d.]))"
_SAYING = (
    rf"(?i){_BOTH}(?:[^?!]{{0,80}}{_NONE}[^?!]{{0,80}}{_FAILS}|[^?!]{{0,80}}{_FAILS}[^?!]{{0,80}}{_NONE})"
)
LOG_FIRES = (
    "ValueError: prefetch_factor option could only be specified in multiprocessing.let "
    "num_workers > 0 to enable "
    "multiprocessing, otherwise set prefetch_factor to None.\n",
    "ValueError: prefetch_factor option could only be specified in multiprocessing.let "
    "num_workers > 0 to enable "
    "multiprocessing.\n",
)
LOG_SILENT = ("ValueError: persistent_workers option needs num_workers > 0\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the loader's refusal, or for words that tell of it."""
    found = phrase(trace, r"prefetch_factor option could only be specified")
    words = None if found else told(trace, _SAYING)
    remedy = Remedy(
        "Tie it to the number of workers.",
        ("DataLoader(..., num_workers=n, prefetch_factor=4 if n > 0 else None)",),
    )
    if words is not None:
        summary = "prefetch_factor is said to be set with num_workers=0."
        return recognised(words, summary, remedy, Role.STATED, 47, "possible")
    if found is None:
        return None
    return recognised(found, "prefetch_factor is set with num_workers=0.", remedy, score=84)

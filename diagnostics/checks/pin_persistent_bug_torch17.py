"""A fault of torch 1.7: persistent workers together with pinning.

What it means
-------------
With persistent_workers=True and pin_memory=True, torch 1.7's pinning thread passed on an empty tuple when
an epoch began anew.

Why it matters
--------------
The second epoch fails with "not enough values to unpack (expected 2, got 0)", through no fault of yours.

How to fix
----------
Upgrade torch (1.8 mended it), or turn one of the two off.

When it is fine
---------------
In any other version.

References
----------
PyTorch issue 48370 and the notes of torch 1.8.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Trace, code_clue, phrase, raised_in, recognised

CODE = "DL233"
SLUG = "pin-persistent-bug-torch17"
TITLE = "torch 1.7 fails with persistent workers and pinning"
_WORDS = r"not enough values to unpack \(expected 2, got 0\)"
LOG_FIRES = (
    '  File "/opt/lib/python3.8/site-packages/torch/utils/data/dataloader.py", line 1068, in _next_data\n'
    "    idx, data = self._get_data()\nValueError: not enough values to unpack (expected 2, got 0)\n",
    "Exception in thread Thread-9:\n"
    '  File "C:\\lib\\site-packages\\torch\\utils\\data\\_utils\\pin_memory.py", line '
    "28, in _pin_memory_loop\n"
    "    idx, data = r\nValueError: not enough values to unpack (expected 2, got 0)\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 12, in '
    "<module>\n    a, b = split(x)\n"
    "ValueError: not enough values to unpack (expected 2, got 0)\n",
)


def _unpacking(trace: Trace) -> Clue | None:
    """Find the failed unpacking of what a worker sent, though its message is cut off."""
    found = raised_in(trace, "receive", "pin", "loader", pattern="^ValueError: not enough values")
    return found if found and found.error and found.error.frames[-1].code.startswith("idx, data =") else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for the empty tuple inside the loader."""
    found = raised_in(trace, "receive", "pin", "loader", pattern=_WORDS) or _unpacking(trace)
    if found is None and code_clue(trace, r"idx, data = (?:r|self\._get_data|self\._try)"):
        found = phrase(trace, _WORDS, guarded=True)
    if found is None:
        return None
    remedy = Remedy(
        "Upgrade torch, or turn one of the two off.",
        ("python -m pip install --upgrade torch", "DataLoader(..., persistent_workers=False)"),
    )
    return recognised(
        found, "torch 1.7 hands on an empty tuple with persistent_workers and pin_memory.", remedy, score=80
    )

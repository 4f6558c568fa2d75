"""A worker deletes an iterator that belongs to its parent.

What it means
-------------
A forked process inherited an old loader's iterator. When its garbage collector deletes it, the iterator
asks whether its workers live, and only their parent may ask.

Why it matters
--------------
It does not: the exception is ignored by Python. It fills the log, mostly in notebooks with tqdm.

How to fix
----------
Delete the old iterator before the next one is made, use plain tqdm, or persistent_workers=True.

When it is fine
---------------
Always. If a run fails, look for another error.

References
----------
PyTorch issue 71187; tqdm issue 1124.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, phrase, recognised

CODE = "DL256"
SLUG = "iterator-inherited-by-fork"
TITLE = "A worker deletes its parent's iterator (harmless)"
LOG_FIRES = (
    "Exception ignored in: <function _MultiProcessingDataLoaderIter.__del__ at "
    "0x7f>\nTraceback (most recent call last):\n"
    "    if w.is_alive():\nAssertionError: can only test a child process\n",
    "AssertionError: can only test a child process\n",
)
LOG_SILENT = ("AssertionError: daemonic processes are not allowed to have children\n",)


def _cut_off(trace: Trace) -> Clue | None:
    """Find the question itself, in a traceback without its end: nothing else comes of it."""
    error = trace.raised(
        lambda error: (
            error.type in {"", "AssertionError"}
            and any(f.function == "_shutdown_workers" and "w.is_alive()" in f.code for f in error.frames)
        )
    )
    return error_clue(trace, "", error) if error else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for the assertion of a process that is no child."""
    found = phrase(trace, r"can only (?:test|join) a child process") or _cut_off(trace)
    if found is None:
        return None
    remedy = Remedy(
        "Drop the old iterator; nothing else is wrong here.",
        ("del iterator; gc.collect()", "from tqdm import tqdm  # rather than tqdm.auto"),
    )
    return recognised(
        found,
        "A forked process deleted its parent's iterator: harmless noise.",
        remedy,
        Role.NOISE,
        60,
    )

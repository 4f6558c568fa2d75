"""The thread that pins batches is gone.

What it means
-------------
With pin_memory=True a thread takes batches from the workers and pins them. It ended by an exception of its
own, which a whole log shows above, as "Exception in thread", or below, as "Original Traceback".

Why it matters
--------------
The message in the main thread names no reason.

How to fix
----------
Read the thread's traceback. If none is there, run once with pin_memory=False: the error then shows where it
arises.

When it is fine
---------------
While the training ends.

References
----------
PyTorch source, torch/utils/data/_utils/pin_memory.py.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, phrase, recognised

CODE = "DL232"
SLUG = "pin-memory-thread-died"
TITLE = "The pinning thread died"
_LOST = {"ConnectionResetError", "BrokenPipeError", "EOFError", "FileNotFoundError", "ConnectionRefusedError"}
_WORDS = r"(?i)\bpin[ _-]?memory thread (?:has |had )?(?:exit(?:ed|s)|died|crash(?:ed|es))\b"
_NAMED = "its own traceback names the reason"
LOG_FIRES = (
    "RuntimeError: Pin memory thread exited unexpectedly\n",
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1275, in _get_data\n'
    "    raise RuntimeError('Pin memory thread exited unexpectedly')\n"
    "RuntimeError: Pin memory thread exited unexpectedly\n",
)
LOG_SILENT = ("UserWarning: 'pin_memory' argument is set as true but no accelerator is found\n",)


def _raised(trace: Trace) -> Clue | None:
    """Find an exception of that thread which no other diagnosis knows, or whose message is cut off."""
    for error in trace.errors:
        if "pin memory" in error.where and error.type not in _LOST:
            return error_clue(trace, "", error)
    return None


def _told_by_thread(trace: Trace) -> str:
    """Say what the log shows of the thread's own exception."""
    own = [
        error
        for error in trace.errors
        if "pin memory" in error.where or any(frame.function == "_pin_memory_loop" for frame in error.frames)
    ]
    if any(error.type and error.message and not error.is_wrapper for error in own):
        return _NAMED
    if own:
        return "its own traceback is cut off before the line that names the reason"
    return "what it raised is not in this log"


def recognise(trace: Trace) -> Recognition | None:
    """Look for the main thread's words."""
    found = phrase(trace, _WORDS) or _raised(trace)
    if found is None:
        return None
    told = _told_by_thread(trace)
    text = "Run once without pinning: the error then shows where it arises; or paste the whole log."
    if told == _NAMED:
        text = "Read the traceback of that thread, or run without pinning."
    remedy = Remedy(text, ("DataLoader(..., pin_memory=False)",))
    return recognised(found, f"The thread that pins batches died; {told}.", remedy, Role.SYMPTOM, 70)

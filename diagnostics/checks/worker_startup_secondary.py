"""Only one side of a failed start is shown; the reason stands in the other process.

What it means
-------------
While a worker was being started, the pipe to it broke (BrokenPipeError, seen by the parent) or ended too
early (EOFError "Ran out of input", truncated pickle, seen by the child). One of the two processes had
failed before, and only that one knows why.

Why it matters
--------------
Mending the line that you see mends nothing.

How to fix
----------
Look for the other traceback, further up or in the other terminal; it is nearly always a missing main guard
or an object that cannot be pickled. With num_workers=0 errors of the dataset itself show at once.

When it is fine
---------------
Never, but it is no cause.

References
----------
PyTorch documentation, "Windows FAQ", "Multiprocessing error without if-clause protection" and
"Multiprocessing error 'Broken pipe'".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, phrase, recognised, says
from diagnostics.traces.remedies import GUARD, NO_WORKERS

CODE = "DL205"
SLUG = "worker-startup-secondary"
TITLE = "A worker's start broke off; the reason is in the other process"
_BROKEN = (
    r"^(?:BrokenPipeError|EOFError|UnpicklingError: pickle data was truncated"
    r"|PermissionError: \[WinError 5\]|OSError: \[WinError 87\]|OSError: \[Errno 9\])"
)
_WORDS = (
    r"BrokenPipeError: \[(?:Errno 32|WinError 109|WinError 232)\]|EOFError: Ran out of "
    r"input|pickle data was truncated"
)
LOG_FIRES = (
    '  File "C:\\Python37\\lib\\multiprocessing\\reduction.py", line 60, in dump\n'
    "    ForkingPickler(file, protocol).dump(obj)\nBrokenPipeError: [Errno 32] Broken pipe\n",
    '  File "C:\\Python37\\lib\\multiprocessing\\spawn.py", line 115, in _main\n'
    "    self = reduction.pickle.load(from_parent)\nEOFError: Ran out of input\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/eval.py", line 8, in <module>\n'
    '    state = torch.load("last.ckpt")\n'
    '  File "/opt/lib/site-packages/torch/serialization.py", line 795, in load\n    return _legacy_load(f)\n'
    "EOFError: Ran out of input\n",
)


def _find(trace: Trace) -> Clue | None:
    for error in trace.errors:
        is_cut = not error.type and trace.platform.os_name in {"Windows", "Darwin"}
        if trace.place(error) == "start" and is_cut:
            return error_clue(trace, "", error)
        is_above = error.is_cut and error.type == "BrokenPipeError" and trace.mentions_loader
        if says(error, _BROKEN) and (is_above or trace.place(error) in {"start", "child_start"}):
            return error_clue(trace, _BROKEN, error)
    loose = phrase(trace, _WORDS, guarded=True)
    return loose if loose and (loose.error is None or loose.error.is_loose) else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for a pipe that broke while a process was being started."""
    found = _find(trace)
    if found is None:
        return None
    remedy = Remedy(
        "Find the other process's traceback; guard the entry, and try without workers.", (*GUARD, NO_WORKERS)
    )
    summary = "A worker's start broke off; this is the echo of an error in the other process."
    return recognised(found, summary, remedy, Role.SYMPTOM, 60, "likely")

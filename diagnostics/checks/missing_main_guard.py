"""A child process imports the script and starts the training again.

What it means
-------------
Workers that are not forked start as fresh interpreters, and those import your script to find the dataset.
Whatever stands at its top level runs again in each of them, the training loop included.

Why it matters
--------------
Python stops the child as soon as it starts workers of its own. The parent then reports a broken pipe or a
worker that "exited unexpectedly", which hides the reason.

How to fix
----------
Keep only imports and definitions at the top level; put everything that runs under
`if __name__ == "__main__":`. `freeze_support()` is needed only for programs frozen into an executable.

When it is fine
---------------
With fork (Linux up to Python 3.13) and with num_workers=0 nothing is imported again.

References
----------
Python documentation, multiprocessing, "Safe importing of main module".
PyTorch documentation, torch.utils.data, "Platform-specific behaviors".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, error_clue, has, phrase, recognised, told
from diagnostics.traces.errors import Error
from diagnostics.traces.remedies import GUARD

CODE = "DL201"
SLUG = "missing-main-guard"
TITLE = "The script lacks a main guard"
_WORDS = (
    r"finished its bootstrapping phase|attempt has been made to start a new process"
    r"|freeze_support\(\)\s|not going to be frozen"
)
_REFUSING = "_check_not_importing_main"  # the function of Python that says so
_REMEDY = Remedy("Put what runs under the main guard; definitions and imports stay above it.", GUARD)
_SAYING = (
    r"(?i)\b(?<!already )(?:wrap\w*|put\w*|add\w*|mov\w+|lack\w*|missing|need\w*|requir\w+|forgot\w*"
    r"|protect\w*)\b[^?!]{0,120}?(?:if __name__ ?== ?.__main__.|`?main\(\)`? functions?"
    r"|\bmain[- ](?:guard|block|idiom))"
)
_FRESH = r"(?i)\b(?:windows|win(?:32|10|11)|mac ?os|spawn\w*|freeze_support|re-?import\w*|num_workers)\b"
_IN_VAIN = r"(?i)\b(?:already|still|even|despite|did(?:n't| not) help|doesn't help)\b"
LOG_FIRES = (
    "RuntimeError:\n        An attempt has been made to start a new process before the\n"
    "        current process has finished its bootstrapping phase.\n",
    '  File "C:\\Users\\me\\lib\\multiprocessing\\spawn.py", line 236, in prepare\n'
    "    _fixup_main_from_path(data['init_main_from_path'])\n"
    '  File "C:\\Users\\me\\train.py", line 31, in <module>\n    for batch in loader:\n'
    '  File "C:\\Users\\me\\lib\\site-packages\\torch\\utils\\data\\dataloader.py", line 359, in __iter__\n'
    "    return self._get_iterator()\n",
)
LOG_SILENT = (
    '  File "/usr/lib/python3.8/multiprocessing/spawn.py", line 236, in prepare\n'
    "    _fixup_main_from_path(data['init_main_from_path'])\n"
    '  File "/home/user/train.py", line 3, in <module>\n    import albumentations\n'
    "ModuleNotFoundError: No module named 'albumentations'\n",
)


def _goes_on(error: Error) -> bool:
    """Tell a traceback without its end that stands in a loop: the script runs, rather than defines."""
    return any(frame.code.startswith("for ") for frame in error.frames)


def _stated(trace: Trace) -> Recognition | None:
    """Find somebody's word that the guard is what is missing, which a worker's damage may hide."""
    found = told(trace, _SAYING, beside=lambda error: not error.frames)
    if found is None or not trace.find(_FRESH) or has(found, _IN_VAIN):
        return None
    summary = "The main guard is said to be what is missing."
    return recognised(found, summary, _REMEDY, Role.STATED, 48, "possible")


def recognise(trace: Trace) -> Recognition | None:
    """Look for Python's own words, or for a child that imports the script and comes to a loader."""
    summary = "A worker imported your script and came to its training loop: the main guard is missing."
    if found := phrase(trace, _WORDS):
        return recognised(found, summary, _REMEDY, score=80)
    if refused := trace.raised(lambda error: any(_REFUSING in f.function + f.code for f in error.frames)):
        return recognised(error_clue(trace, "", refused), summary, _REMEDY, score=75)
    for error in trace.errors:
        if not any("_fixup_main_from" in frame.function + frame.code for frame in error.frames):
            continue
        restarts = any(frame.is_loader for frame in error.frames) or any(
            frame.is_multiprocessing and frame.function in {"start", "_Popen"} for frame in error.frames
        )
        imports = any(frame.code.startswith(("import ", "from ")) for frame in error.frames)
        if restarts or (error.type == "" and not imports):
            clue = error_clue(trace, "", error)
            if restarts or _goes_on(error):
                return recognised(clue, summary, _REMEDY, score=70, confidence="likely")
            return recognised(clue, summary, _REMEDY, score=45, confidence="possible")
    return _stated(trace)

"""The dataset is empty.

What it means
-------------
A shuffled loader over a dataset of length 0 cannot draw, and a mean over its length divides by zero. Nearly
always the data was not found: a wrong path, another extension, a pattern that matches nothing, an empty
split.

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
from diagnostics.traces.clues import Recognition, Trace, error_clue, phrase, recognised
from diagnostics.traces.errors import Error
from diagnostics.traces.trace import compiled

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
_BY_LENGTH = (
    r"(?i)/=?\s*(?:\w{1,10}\()?\s*len\([\w.\[\]'\"]{0,40}(?:loader|data|_dl|_ds|batches)[\w.\[\]'\"]{0,40}\)"
)
_FIRST = r"\bnext\(\s*iter\("
_ASKED = r"\bnext\(\s*([^(),]+)"
_NO_BATCH = (
    "The loader has no first batch: no sample was found, too few for one batch with drop_last=True, or a "
    "sampler that is used up."
)
_LENGTHS = "print(len(dataset), loader.batch_size, loader.drop_last)"
LOG_FIRES = (
    "ValueError: num_samples should be a positive integer value, but got num_samples=0\n",
    "Traceback (most recent call last):\n"
    '  File "train.py", line 40, in <module>\n'
    "    mean_loss = total / len(val_loader)\n"
    "ZeroDivisionError: division by zero\n",
    "Traceback (most recent call last):\n"
    '  File "look.py", line 8, in <module>\n    images, labels = next(iter(test_loader))\n'
    '  File "/opt/lib/python3.8/site-packages/torch/utils/data/dataloader.py", line 521, in __next__\n'
    "    data = self._next_data()\n"
    '  File "/opt/lib/python3.8/site-packages/torch/utils/data/dataloader.py", line 560, in _next_data\n'
    "    index = self._next_index()  # may raise StopIteration\n"
    '  File "/opt/lib/python3.8/site-packages/torch/utils/data/dataloader.py", line 512, in _next_index\n'
    "    return next(self._sampler_iter)  # may raise StopIteration\nStopIteration\n",
    "RuntimeError: Found 0 files in subfolders of: ./data/train\nSupported extensions are: .jpg,.jpeg,.png\n",
)
LOG_SILENT = (
    "ValueError: num_samples should be a positive integer value, but got num_samples=-5\n",
    "Traceback (most recent call last):\n"
    '  File "train.py", line 40, in <module>\n'
    "    mean_loss = total / len(losses)\n"
    "ZeroDivisionError: division by zero\n",
)


def _is_first_batch(trace: Trace, error: Error) -> bool:
    """Tell a loader without a first batch: of its only iterator, or of one that replaces one at its end."""
    if not error.is_end_of_loader or error.is_handled or error.is_ignored:
        return False
    before = trace.handled_at(error)
    is_anew = before is not None and before.is_end_of_loader and _asked(before) == _asked(error)
    frame = error.user_frame
    return is_anew or (frame is not None and bool(compiled(_FIRST).search(frame.code)))


def _asked(error: Error) -> str:
    """Return what `next` was called for, as the log has it."""
    code = next((frame.code for frame in reversed(error.frames) if not frame.is_loader), "")
    found = compiled(_ASKED).search(code)
    return found[1].strip() if found else ""


def _is_divided_by_nothing(error: Error) -> bool:
    """Tell a division by the length of what is loaded."""
    is_zero = error.type == "ZeroDivisionError" and bool(error.frames)
    return is_zero and bool(compiled(_BY_LENGTH).search(error.frames[-1].code))


def _has_none(trace: Trace, error: Error) -> bool:
    return _is_divided_by_nothing(error) or _is_first_batch(trace, error)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a sampler over nothing, a folder without files, or a loader without a first batch."""
    found = phrase(trace, _WORDS)
    has_none = None if found else trace.raised(lambda one: _has_none(trace, one))
    if has_none:
        found = error_clue(trace, "", has_none)
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
    if has_none:
        remedy = Remedy(remedy.text, (_LENGTHS, *remedy.commands))
        return recognised(found, _NO_BATCH, remedy, score=70, confidence="likely")
    return recognised(
        found, "The dataset has 0 samples: its path or pattern matches nothing.", remedy, score=70
    )

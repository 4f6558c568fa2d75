"""The loader or its iterator is used in a way that it does not offer.

What it means
-------------
Iterators of torch had a method `next()` until 1.12; it was Python 2's. A DataLoader itself is no iterator
and has no index. An iterator gives the batches of one epoch: asked for one more it raises StopIteration.

Why it matters
--------------
Old tutorials stop at this line.

How to fix
----------
`next(iterator)` with `iterator = iter(loader)`, anew for each epoch; index the dataset, not the loader.

When it is fine
---------------
Never.

References
----------
PyTorch 1.13 release notes.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, error_clue, phrase, recognised
from diagnostics.traces.errors import Error

CODE = "DL254"
SLUG = "loader-api-misuse"
TITLE = "The loader is used in a way it does not offer"
_WORDS = (
    r"'_\w*DataLoaderIter' object has no attribute '(?:_{0,2}next_{0,2}|[a-z]\w*)'|'DataLoader' object "
    r"(?:is not (?:an iterator|subscriptable|callable)|does not support (?:indexing|item "
    r"assignment))"
    r"|'_\w*DataLoaderIter' object is not (?:subscriptable|callable)|'DataLoader' object "
    r"has no attribute '(?:next|__next__|shape|items|batch)'"
    r"|DataLoader\.__init__\(\) (?:got an unexpected keyword|got multiple values|missing \d)"
)
_ARGUMENT = Remedy(
    "Correct that argument; what was given at the start cannot be changed later.",
    ("help(torch.utils.data.DataLoader)",),
)
_LENGTH = Remedy(
    "Give the dataset a length; a stream without one is an IterableDataset, and takes no shuffle or sampler.",
    ("def __len__(self): return len(self.paths)", "class Stream(torch.utils.data.IterableDataset): ..."),
)
_ANEW = Remedy(
    "Begin a new iterator when one is at its end; or go through the loader by `for`, which ends by itself.",
    ("batch = next(iterator, None)", "if batch is None: iterator = iter(loader); batch = next(iterator)"),
)
LOG_FIRES = (
    "Traceback (most recent call last):\n"
    '  File "train.py", line 20, in main\n    x, y = next(batches)\n'
    '  File "/usr/lib/python3.11/site-packages/torch/utils/data/dataloader.py", line 701, in __next__\n'
    "    data = self._next_data()\n"
    '  File "/usr/lib/python3.11/site-packages/torch/utils/data/dataloader.py", line 1448, in _next_data\n'
    "    raise StopIteration\nStopIteration\n",
    "AttributeError: '_MultiProcessingDataLoaderIter' object has no attribute 'next'\n",
    "TypeError: 'DataLoader' object is not subscriptable\n",
)
LOG_SILENT = (
    "Traceback (most recent call last):\n"
    '  File "train.py", line 20, in main\n    row = next(rows)\nStopIteration\n',
    "AttributeError: '_MultiProcessingDataLoaderIter' object has no attribute '_workers_status'\n",
)


def _refused(trace: Trace) -> Recognition | None:
    """Find an argument, or an attribute set later, that the loader or a sampler of torch's does not take."""
    for error in trace.errors:
        loaders = [frame for frame in error.frames if frame.is_loader]
        is_refusal = error.type in {"ValueError", "TypeError"} and loaders and error.frames[-1] is loaders[-1]
        if is_refusal and any(frame.function in {"__init__", "__setattr__"} for frame in loaders):
            place = f" at {error.user_frame.place}" if error.user_frame else ""
            summary = f"The loader does not take what it is given{place}: {error.message[:160]}"
            advice = _LENGTH if "no len()" in error.message else _ARGUMENT
            return recognised(error_clue(trace, "", error), summary, advice, score=39)
    return None


def _is_at_its_end(trace: Trace, error: Error) -> bool:
    """Tell an end of batches that nothing handled, or that the loop itself reports by an error of its own."""
    if error.is_ignored or error.is_wrapper or error.is_handled:
        return False
    if error.is_end_of_loader:
        return True
    before, last = trace.handled_at(error), error.frames[-1] if error.frames else None
    if before is None or last is None or not before.is_end_of_loader or last.is_loader:
        return False
    has_asked = any((frame.path, frame.function) == (last.path, last.function) for frame in before.frames)
    return has_asked and last.code.startswith("raise ")


def _exhausted(trace: Trace) -> Recognition | None:
    """Find a loop that goes on when the batches of an epoch are over."""
    error = trace.raised(lambda one: _is_at_its_end(trace, one))
    if error is None:
        return None
    place = f" at {error.user_frame.place}" if error.user_frame else ""
    summary = f"The loop{place} asks for one more batch than an epoch of the loader has."
    return recognised(error_clue(trace, "", error), summary, _ANEW, score=60, confidence="likely")


def recognise(trace: Trace) -> Recognition | None:
    """Look for the missing method, a refused argument, or an iterator at its end."""
    found = phrase(trace, _WORDS)
    if found is None:
        return _refused(trace) or _exhausted(trace)
    remedy = Remedy(
        "Take batches by iter and next, samples from the dataset.",
        ("batch = next(iter(loader))", "sample = loader.dataset[0]"),
    )
    return recognised(
        found,
        "The loader was asked for what it does not offer (next() went with torch 1.13).",
        remedy,
        score=84,
    )

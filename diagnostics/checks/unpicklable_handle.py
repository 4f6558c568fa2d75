"""The dataset holds something that cannot be pickled: a file, a lock, a database handle, a generator.

What it means
-------------
Without fork, each worker gets a pickled copy of the dataset; and each batch is pickled for the main process,
under fork too. Open files, HDF5 and LMDB handles, locks, loggers, generators, modules and views of
dictionaries belong to one process and refuse.

Why it matters
--------------
The workers never start, or a batch is never sent and its loop waits for ever. Under fork a dataset's handle
would be shared silently, which corrupts what is read.

How to fix
----------
Open it in the worker, at the first sample, and leave it out of the copy by `__getstate__`; keep paths
rather than handles in the dataset, lists rather than generators. Return what was read, and no handle.

When it is fine
---------------
With num_workers=0 nothing is pickled.

References
----------
Python documentation, pickle, "Handling Stateful Objects".
h5py documentation, FAQ on multiprocessing; PyTorch issue 11929.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Trace,
    error_clue,
    is_of_batch,
    phrase,
    recognised,
    refused_to_pickle,
)
from diagnostics.traces.remedies import inherit

CODE = "DL203"
SLUG = "unpicklable-handle"
TITLE = "The dataset holds an object that cannot be pickled"
_WORDS = (
    r"(?i:can'?t|cannot) (?:pickle|serialize) '?(?!local|<)((?:select\.)?[\w.]+)'? ?(?:objects?|instances?)\b"
    r"|(h5py objects) cannot be pickled|no default __reduce__ due to non-trivial __cinit__"
    r"|(ctypes objects) containing pointers cannot be pickled|\{\} cannot be pickled', '(\w+)'"
    r"|\b([\w.,]{1,80}) cannot be converted to a Python object for pickling"
    r"|(?i:pickling of) \"?'?([\w.]+)'?\"? (?:objects? |instances? )?is (?:not supported|unsupported)"
    r"|Can'?t pickle <class '([\w.]+)'>: attribute lookup [\w.]+ on builtins failed"
    r"|Can'?t pickle <built-in function ([\w.]+)>"
    r"|(?i:can'?t|cannot) pickle (?:<)?(module|generator|_thread|weakref)"
)
_INHERITED = r"\b(\w{1,40}) objects should only be shared between processes through inheritance"
LOG_FIRES = (
    "TypeError: cannot pickle '_io.BufferedReader' object\n",
    "TypeError: can't pickle Environment objects\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 9, in <module>\n'
    "    ema = copy.deepcopy(trainer)\n"
    '  File "/usr/lib/python3.10/copy.py", line 161, in deepcopy\n    rv = reductor(4)\n'
    "TypeError: cannot pickle '_thread.lock' object\n",
)


_INSTEAD = {  # by a part of the class' name: what a sample may hold
    "_io.": "with open(path, 'rb') as file: return file.read()",
    "generator": "return list(items)",
    "": "return self.handle[index]",
}


def _own_pickling(trace: Trace) -> Clue | None:
    """Find what fails when pickle asks: `__getattr__` without a `__getstate__`, a storage on a GPU."""
    for error in trace.errors:
        paths = [frame.path for frame in error.frames[:-1]]
        is_inside = any(path.endswith("multiprocessing/reduction.py") for path in paths)
        refuses = trace.place(error) == "start" and not error.frames[-1].path.endswith("reduction.py")
        if is_inside and not error.is_cut and (error.frames[-1].is_user or refuses):
            return error_clue(trace, "", error)
    return None


def _too_deep(trace: Trace) -> Recognition | None:
    """Find a structure that refers from object to object further than pickle follows."""
    for error in trace.errors:
        is_pickling = any(frame.path.endswith("multiprocessing/reduction.py") for frame in error.frames)
        if error.type == "RecursionError" and is_pickling and trace.place(error) in {"start", "unknown"}:
            remedy = Remedy(
                "Keep it flat: numbers in place of references from one to the next.",
                ("children = torch.tensor(indices)  # rather than node.next = node, or lists within lists",),
            )
            what = "A batch" if is_of_batch(trace) else "The dataset"
            summary = f"{what} is nested too deeply to be pickled for another process."
            return recognised(error_clue(trace, "", error), summary, remedy, score=72)
    return None


def _inherited(trace: Trace) -> Recognition | None:
    """Find a lock or a queue of multiprocessing in a batch: such things travel only while a worker starts."""
    found = phrase(trace, _INHERITED, guarded=True) if is_of_batch(trace) else None
    if found is None:
        return None
    remedy = Remedy(
        "Leave it out of the sample: workers are handed it once, with the dataset that holds it.",
        ("self.shared = shared  # in the dataset's __init__; with self.shared: ... in __getitem__",),
    )
    summary = (
        f"A batch cannot be sent from its worker to the main process: it holds a {found.groups[0]} of "
        "multiprocessing."
    )
    return recognised(found, summary, remedy, score=72)


def _not_rebuilt(trace: Trace) -> Clue | None:
    """Find an object that pickle took and that the child cannot make again."""
    for error in trace.errors:
        if error.type != "TypeError" or trace.place(error) != "child_start" or not error.detail:
            continue
        if not (error.frames[-1].is_multiprocessing or any("_fixup" in f.function for f in error.frames)):
            return error_clue(trace, "", error)
    return None


def recognise(trace: Trace) -> Recognition | None:
    """Look for pickle's refusal of a kind of object."""
    found = refused_to_pickle(trace, _WORDS) or _own_pickling(trace) or _not_rebuilt(trace)
    if found is None:
        return _inherited(trace) or _too_deep(trace)
    name = next((group for group in found.groups if group), "an object")
    if is_of_batch(trace):
        instead = next(line for word, line in _INSTEAD.items() if word in name)
        remedy = Remedy(
            "Return what a handle gives, or its path, from __getitem__ and collate_fn; not the handle.",
            (f"{instead}  # in __getitem__", "DataLoader(..., num_workers=0)  # sends nothing"),
        )
        summary = f"A batch cannot be sent from its worker to the main process: it holds {name}."
        return recognised(found, summary, remedy, score=72)
    remedy = Remedy(
        "Open it lazily in the worker and drop it from the pickled copy (name the attribute that holds it).",
        ('def __getstate__(self): return {**self.__dict__, "handle": None}', *inherit(trace.platform)),
    )
    return recognised(
        found, f"Something in the dataset cannot be pickled for a worker: {name}.", remedy, score=72
    )

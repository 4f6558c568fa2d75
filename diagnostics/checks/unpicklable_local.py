"""A lambda, a nested function or a local class must cross to a worker and cannot.

What it means
-------------
Without fork, the dataset with its transforms, collate_fn and worker_init_fn is pickled and sent to each
worker. Pickle stores functions and classes by the name under which a module offers them; a lambda or
something defined inside a function has none.

Why it matters
--------------
The worker never starts; on Windows a second error (EOFError, BrokenPipeError) is all that some logs show.
Where a sample holds such an object, the queue's thread prints the error and the run hangs for ever.

How to fix
----------
Define it at module level; replace a lambda by `functools.partial` of a named function, or by a class with
`__call__`.

When it is fine
---------------
With fork or num_workers=0 only samples are pickled, not the dataset.

References
----------
Python documentation, pickle, "What can be pickled and unpickled?".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Trace,
    is_of_batch,
    raised_in,
    recognised,
    refused_to_pickle,
)
from diagnostics.traces.remedies import inherit

CODE = "DL202"
SLUG = "unpicklable-local"
TITLE = "A lambda or local object cannot be sent to workers"
_WORDS = (
    r"(?i:can'?t|cannot|can not) (?:pickle|get) local (?:object|attribute|class|function)"
    r"(?: ?'([A-Za-z_<][\w.<>]*)| ([A-Za-z_]\w*\.[\w.<>]+))?"
    r"|Can'?t (?:pickle|get) <?[^:]{0,80}?(<lambda>|[\w.]{0,80}<locals>[\w.<>]{0,80})"
)
_REPLACED = r"Can'?t pickle <[\w.]+ object at 0x\w+>: it'?s not (?:the same object|found) as '?([\w.]*)"
LOG_FIRES = (
    "AttributeError: Can't pickle local object 'get_loader.<locals>.collate'\n",
    "_pickle.PicklingError: Can't pickle <function <lambda> at 0x000001F2>: attribute lookup <lambda> on "
    "__main__ failed\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "train.py", line 90, in <module>\n    '
    "torch.save(model, path)\n"
    '  File "/opt/lib/site-packages/torch/serialization.py", line 379, in save\n    _save(obj, f)\n'
    "AttributeError: Can't pickle local object 'make_net.<locals>.Net'\n",
)


def _replaced(trace: Trace) -> Recognition | None:
    """Find an object whose name stands for another one: a decorator's, or of a module loaded again."""
    found = refused_to_pickle(trace, _REPLACED)
    if found is None:
        return None
    remedy = Remedy(
        "Do not keep that object in the dataset: call it by its name, or drop it in __getstate__.",
        ("def __getstate__(self): return self.__dict__ | {'cached': None}", *inherit(trace.platform)),
    )
    name = next((group for group in found.groups if group), "its name")
    summary = f"An object that {name} no longer stands for, such as what a decorator made, cannot be pickled."
    return recognised(found, summary, remedy, score=74)


def _unsaid(trace: Trace) -> Clue | None:
    """Find a start of workers that is cut off, of a type that only pickle raises there."""
    found = raised_in(trace, "start", type_pattern="^(?:AttributeError|PicklingError)$")
    return found if found and found.error and found.error.is_cut and not found.error.message else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for pickle's refusal of a name that no module offers."""
    found = refused_to_pickle(trace, _WORDS) or _unsaid(trace)
    if found is None:
        return _replaced(trace)
    name = next((group for group in found.groups if group), "")
    if is_of_batch(trace):
        remedy = Remedy(
            "Return values from __getitem__ and collate_fn, and objects of classes at the top of a module.",
            (
                "return self.make(index)  # in __getitem__: what the function gives, not the function",
                "DataLoader(..., num_workers=0)  # sends nothing",
            ),
        )
        what = name or "something"
        summary = (
            f"A batch cannot be sent from its worker: it holds {what}, made inside a function or a lambda."
        )
        return recognised(found, summary, remedy, score=75)
    what = f"{name} is" if name else "Something sent to a worker is"
    remedy = Remedy(
        "Move it to the top level of a module; for a lambda write a named function or a callable class.",
        ("def transform(x): return x / 255  # at module level", *inherit(trace.platform)),
    )
    summary = f"{what} defined inside a function or as a lambda: it cannot be pickled for a worker."
    return recognised(found, summary, remedy, score=75)

"""A worker cannot import the class or function that the dataset is made of.

What it means
-------------
A pickled dataset names its class by module. A fresh worker imports that module and finds no such name: the
class stands in a notebook's cell, under the main guard, or in a module that the worker's path lacks.

Why it matters
--------------
The worker dies while it starts; the parent reports only that it exited.

How to fix
----------
Put the class into a .py file of its own and import it; in a notebook that is the only way besides
num_workers=0.

When it is fine
---------------
With fork the class is inherited.

References
----------
Python documentation, multiprocessing, "Using a pool of workers", the note on the interactive interpreter.
PyTorch issue 51344.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, has, phrase, raised_in, recognised
from diagnostics.traces.remedies import inherit

CODE = "DL204"
SLUG = "class-not-importable-in-worker"
TITLE = "A worker cannot import the dataset's class"
_CHILD = r"Can'?t get attribute '?([\w.]+)'? on <module '(?:__mp_main__|__main__' \((?:built-in|<class))"
_PARENT = (
    r"Can'?t pickle <(?:class|function) '?([\w.]+)'?(?: at 0x\w+)?>: (?:it'?s not (?:the "
    r"same object|found) as"
    r"|attribute lookup [\w.]+ on (?!builtins)[\w.]+ failed|import of module)"
)
_NO_ATTRIBUTE = r"^(?!.{0,80}DataLoaderIter' object).*attribute '?([\w.]+)"  # not the loader's own, half made
_NO_SCRIPT = r"[/\\']<(stdin|string|input)>"
LOG_FIRES = (
    "AttributeError: Can't get attribute 'MyDataset' on <module '__main__' (built-in)>\n",
    "AttributeError: Can't get attribute 'Faces' on <module '__mp_main__' from 'C:\\\\code\\\\train.py'>\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/test.py", line 5, in <module>\n'
    '    model = torch.load("net.pt")\n'
    '  File "/opt/lib/site-packages/torch/serialization.py", line 607, in load\n    return _load(f)\n'
    "AttributeError: Can't get attribute 'Net' on <module '__main__' from 'test.py'>\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a name that a child did not find, or a class that pickle could not find again."""
    unnamed = raised_in(trace, "child_start", type_pattern="FileNotFoundError|OSError", pattern=_NO_SCRIPT)
    if unnamed is not None:
        remedy = Remedy(
            "Save the script to a file and run that.", ("python train.py  # not: python < train.py",)
        )
        summary = "A worker must import the script, which came from {0} and is no file."
        return recognised(unnamed, summary, remedy, score=74)
    found = (
        phrase(trace, _CHILD, guarded=True)
        or phrase(trace, _PARENT, guarded=True)
        or raised_in(trace, "child_start", type_pattern="AttributeError", pattern=_NO_ATTRIBUTE)
        or raised_in(
            trace, "child_start", type_pattern="ModuleNotFound|ImportError", pattern=r"named '?([\w.]+)"
        )
    )
    if found is None or any(
        "_fixup_main" in frame.function for frame in (found.error.frames if found.error else ())
    ):
        return None
    name = next((group for group in found.groups if group), "the class")
    if "<lambda>" in name or "<locals>" in name:
        return None
    if has(found, "not the same object as"):
        remedy = Remedy(
            "Restart Python (or the notebook's kernel) so that it is defined once; a library's: upgrade it.",
            (f"print({name}.__module__)", *inherit(trace.platform)),
        )
        summary = (
            f"{name} was replaced after its object was made: reloaded, redefined, or made while running."
        )
        return recognised(found, summary, remedy, score=74)
    module = (
        "a notebook's cell or under the main guard" if "main" in found.lines[-1].text else "another module"
    )
    remedy = Remedy(
        "Move the definition to a module and import it from there.",
        (f"from my_dataset import {name.rsplit('.', 1)[-1]}", *inherit(trace.platform)),
    )
    return recognised(found, f"A worker cannot find {name}: it is defined in {module}.", remedy, score=74)

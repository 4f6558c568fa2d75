"""`set_start_method` was called twice or too late.

What it means
-------------
The start method of processes is fixed once per program, at the first process, queue or lock, or by the
first call of `set_start_method`. A second call raises.

Why it matters
--------------
The call may come from a library, from a notebook's cell that is run again, or from a child that imports the
script without a main guard.

How to fix
----------
Leave the global setting alone and tell the loader: `multiprocessing_context=`. Or call it once, first
thing under the main guard.

When it is fine
---------------
`set_start_method(..., force=True)` in a notebook, before any worker runs.

References
----------
Python documentation, multiprocessing, "Contexts and start methods".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL208"
SLUG = "start-method-already-set"
TITLE = "The start method was set twice or too late"
LOG_FIRES = (
    "RuntimeError: context has already been set\n",
    '  File "/usr/lib/python3.6/multiprocessing/context.py", line 242, in set_start_method\n'
    "    raise RuntimeError('context has already been set')\nRuntimeError: context has already been set\n",
)
LOG_SILENT = ("ValueError: cannot find context for 'fork'\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for Python's refusal."""
    found = phrase(trace, r"context has already been set")
    if found is None:
        return None
    method = "spawn" if trace.platform.os_name == "Windows" else "forkserver"
    remedy = Remedy(
        "Give the start method to the loader, or set it once, first thing under the main guard.",
        (
            f'DataLoader(..., multiprocessing_context="{method}")',
            f'if __name__ == "__main__": multiprocessing.set_start_method("{method}")',
        ),
    )
    return recognised(
        found, "set_start_method was called after the start method had been fixed.", remedy, score=78
    )

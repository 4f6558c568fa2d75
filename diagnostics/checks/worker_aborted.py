"""A worker called abort().

What it means
-------------
A C or C++ library in the worker found its own state broken (corrupted heap, failed assertion, uncaught C++
exception) and ended the process. What it had to say stands above, in lines of its own.

Why it matters
--------------
Python sees a signal and no exception.

How to fix
----------
Read those lines; run without workers under `python -X faulthandler` to see where it happens. Mixed
allocators, OpenMP runtimes loaded twice, and handles shared over fork are the usual culprits.

When it is fine
---------------
Never.

References
----------
Python documentation, faulthandler; abort(3).
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Trace, death, died_by, error_clue, joined, phrase
from diagnostics.traces.remedies import NO_WORKERS

CODE = "DL221"
SLUG = "worker-aborted"
TITLE = "A worker called abort()"
_LAST_WORDS = (
    r"terminate called after throwing[^.]{0,120}|what\(\): .{0,120}|double free or "
    r"corruption|free\(\): invalid \w+|malloc\w*\(\): \w[\w ]{0,40}"
    r"|corrupted (?:size|double-linked)[\w -]{0,40}|Assertion [`'].{0,120}?' failed|OMP: "
    r"Error #\d+.{0,80}|LLVM ERROR:.{0,80}"
)
LOG_FIRES = (
    "RuntimeError: DataLoader worker (pid 4411) is killed by signal: Aborted.\n",
    "double free or corruption (!prev)\nRuntimeError: DataLoader worker (pid 31) is "
    "killed by signal: Aborted.\n",
)
LOG_SILENT = ("terminate called after throwing an instance of 'std::runtime_error'\nAborted (core dumped)\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for SIGABRT of a worker, and for the library's last words."""
    found = died_by(trace, "Aborted") or phrase(trace, r"worker[^.]{0,60}(?:signal:? ?6\b|SIGABRT)")
    if found is None:
        dump = trace.raised(
            lambda error: error.type == "Fatal Python error" and "Abort" in error.message and error.in_worker
        )
        found = error_clue(trace, "", dump) if dump else None
    if found is None:
        return None
    words = phrase(trace, _LAST_WORDS)
    found = Clue(joined((words, found)), found.error, found.groups)
    said = "its last words stand above" if words else "its last words are not in this log"
    remedy = Remedy(
        "Read the worker's own lines, then run without workers.",
        ("python -X faulthandler train.py", NO_WORKERS),
    )
    return death(found, f"A worker's library called abort() (signal 6): {said}.", remedy, 61)

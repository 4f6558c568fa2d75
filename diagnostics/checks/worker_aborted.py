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

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import counted
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Trace,
    death,
    died_by,
    error_clue,
    joined,
    phrase,
    quoted,
    says,
)
from diagnostics.traces.crashes import calls_without_end, crash_remedy, told_of_recursion
from diagnostics.traces.remedies import NO_WORKERS

CODE = "DL221"
SLUG = "worker-aborted"
TITLE = "A worker called abort()"
NEEDS = ("run.death_signal_name", "run.deaths_count")
FIRES = {"run.death_signal_name": "SIGABRT", "run.deaths_count": 1}
SILENT = {"run.death_signal_name": None, "run.deaths_count": 0}
_LAST_WORDS = (
    r"terminate called after throwing[^.]{0,120}|what\(\): .{0,120}|Assertion [`'].{0,120}?' failed|OMP: "
    r"Error #\d+.{0,80}|LLVM ERROR:.{0,80}"
)
# What glibc writes before it calls abort(): malloc/malloc.c, debug/fortify_fail.c.
_GLIBC = (
    r"(?:\w{0,20}(?:free|alloc|consolidate|munmap_chunk|calloc)\(\)|_int_\w{1,10}): \w[\w ]{3,60}"
    r"|double free or corruption|corrupted (?:size|double-linked|unsorted)[\w -]{0,40}"
    r"|\*\*\* (?:stack smashing|buffer overflow) detected|invalid fastbin entry|break adjusted to free"
)
_DYING = "_error_if_any_worker_fails"  # which the handler calls when a worker is gone
LOG_FIRES = (
    "RuntimeError: DataLoader worker (pid 4411) is killed by signal: Aborted.\n",
    "double free or corruption (!prev)\nRuntimeError: DataLoader worker (pid 31) is "
    "killed by signal: Aborted.\n",
)
LOG_SILENT = ("terminate called after throwing an instance of 'std::runtime_error'\nAborted (core dumped)\n",)


_READ = Remedy(
    "Read what the worker printed before it, then run without workers.",
    ("python -X faulthandler train.py", NO_WORKERS),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look at the signal."""
    name, num_deaths = facts["run.death_signal_name"], facts["run.deaths_count"]
    if name != "SIGABRT":
        return ok(f"No worker aborted (deaths: {num_deaths}).")
    summary = "A process that loads data called abort(): a library gave up."
    return fail(summary, (f"{counted(num_deaths or 1, 'death')}, the first by SIGABRT",), _READ)


def _broken_heap(trace: Trace) -> Clue | None:
    """Find glibc's complaint beside a worker's end of which no more is shown."""
    ends = trace.raised(
        lambda error: (
            any(_DYING in frame.code for frame in error.frames) and not says(error, r"signal|exit code")
        )
    )
    return Clue(quoted(ends)) if ends and phrase(trace, _GLIBC) else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for SIGABRT of a worker, and for the library's last words."""
    found = died_by(trace, "(?:Aborted|Abort trap)")
    found = found or phrase(trace, r"worker[^.]{0,60}(?:signal:? ?6\b|SIGABRT)")
    if found is None:
        dump = trace.raised(
            lambda error: error.type == "Fatal Python error" and "Abort" in error.message and error.in_worker
        )
        found = error_clue(trace, "", dump) if dump else _broken_heap(trace)
    if found is None:
        return None
    words = phrase(trace, f"{_LAST_WORDS}|{_GLIBC}")
    found = Clue(joined((words, found)), found.error, found.groups)
    again = calls_without_end(trace)
    said = "its last words stand above" if words else "its last words are not in this log"
    said = told_of_recursion(again) if again else said
    summary = f"A worker's library called abort() (signal 6): {said}."
    return death(found, summary, crash_remedy(trace, _READ), 61)

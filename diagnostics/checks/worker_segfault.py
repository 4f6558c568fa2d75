"""A worker crashed in native code.

What it means
-------------
A segmentation fault (or an illegal instruction, or a division fault) in a C library that the worker uses:
an image or video decoder, LMDB or HDF5 shared over fork, a broken wheel, a stack too small.

Why it matters
--------------
No Python exception exists; the parent only sees the signal, at whatever line it stood.

How to fix
----------
Run without workers under `python -X faulthandler`, which prints the line that crashes. Then update or
reinstall that library, and open its handles in the worker.

When it is fine
---------------
Never.

References
----------
Python documentation, faulthandler.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import counted
from diagnostics.traces.clues import Recognition, Trace, death, died_by, error_clue
from diagnostics.traces.crashes import calls_without_end, crash_remedy, told_of_recursion
from diagnostics.traces.remedies import NO_WORKERS

CODE = "DL220"
SLUG = "worker-segfault"
TITLE = "A worker crashed in native code"
NEEDS = ("run.death_signal_name", "run.deaths_count")
FIRES = {"run.death_signal_name": "SIGSEGV", "run.deaths_count": 1}
SILENT = {"run.death_signal_name": None, "run.deaths_count": 0}
_CRASH = (
    r"Unexpected (?:segmentation fault|floating-point exception|illegal instruction) encountered in worker"
)
_SIGNAL = (
    r"(?:Segmentation fault|Floating point exception|Illegal instruction|Trace/(?:breakpoint|BPT) trap"
    r"|Bad system call)"
)
LOG_FIRES = (
    "ERROR: Unexpected segmentation fault encountered in worker.\n",
    "RuntimeError: DataLoader worker (pid 23012) is killed by signal: Segmentation fault.\n",
)
LOG_SILENT = (
    "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f12 (most recent call first):\n"
    '  File "/opt/lib/site-packages/torch/nn/modules/conv.py", line 460 in _conv_forward\n'
    '  File "/home/user/train.py", line 40 in <module>\n',
)


_NATIVE = ("SIGSEGV", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS")
_SHOW = Remedy(
    "Run without workers under faulthandler to see the line that crashes.",
    ("python -X faulthandler train.py", NO_WORKERS),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look at the signal."""
    name, num_deaths = facts["run.death_signal_name"], facts["run.deaths_count"]
    if name not in _NATIVE:
        return ok(f"No crash in native code (deaths: {num_deaths}).")
    summary = f"A process that loads data crashed in native code ({name})."
    return fail(summary, (f"{counted(num_deaths or 1, 'death')}, the first by {name}",), _SHOW)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the signal in a worker, or for a dump of a worker's stack."""
    found = died_by(trace, _SIGNAL, _CRASH) or died_by(trace, "Segmentation fault")
    if found is None and trace.platform.os_name == "Darwin":  # no shared memory that could be too small
        found = died_by(trace, "Bus error")
    dump = trace.raised(
        lambda error: error.type == "Fatal Python error" and "Abort" not in error.message and error.in_worker
    )
    if found is None and dump is None:
        return None
    found = error_clue(trace, "", dump) if dump else found
    assert found is not None
    frame = dump.frames[-1] if dump and dump.frames else None
    place = f" at {frame.place}" if frame else ""
    again = calls_without_end(trace)
    why = f": {told_of_recursion(again)}" if again else ""
    summary = f"A worker crashed in native code{place} (segmentation fault or its kin){why}."
    return death(found, summary, crash_remedy(trace, _SHOW), 62)

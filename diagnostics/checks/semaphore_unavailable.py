"""The platform has no semaphores for processes.

What it means
-------------
The queues of a loader need POSIX semaphores, and those need /dev/shm. AWS Lambda, some sandboxes and some
Android systems have none, or do not let you use it.

Why it matters
--------------
No worker can be started at all.

How to fix
----------
num_workers=0, or threads. In a container of your own, mount /dev/shm writable.

When it is fine
---------------
Without workers.

References
----------
Python documentation, multiprocessing.synchronize; bpo-3770.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.traces.clues import Clue, Recognition, Trace, error_clue, phrase, recognised, says

CODE = "DL213"
SLUG = "semaphore-unavailable"
TITLE = "There are no semaphores for worker queues"
NEEDS = ("trial.semaphore_problem",)
FIRES = {"trial.semaphore_problem": "OSError: [Errno 38] Function not implemented"}
SILENT = {"trial.semaphore_problem": None}
_REMEDY = Remedy(
    "Load in the main process, or mount /dev/shm so that it can be written.",
    (
        "DataLoader(..., num_workers=0)",
        "ls -ld /dev/shm; grep /dev/shm /proc/mounts",
        "sudo mount -t tmpfs -o rw,mode=1777,size=8g tmpfs /dev/shm",
    ),
)
_SERVERLESS = Remedy(
    "Nothing can be mounted there: load in the main process, and let threads take the place of pools.",
    ("DataLoader(..., num_workers=0)", "from concurrent.futures import ThreadPoolExecutor"),
)
_MAKE_ROOM = Remedy(
    "/dev/shm is full: see what fills it, and make it larger.",
    ("ls -lhS /dev/shm | head", "sudo mount -o remount,size=8g /dev/shm", "docker run --shm-size=8g …"),
)
_ERRNO = r"\[Errno (38|13|2|30)\]"
LOG_FIRES = (
    '  File "/var/lang/lib/python3.8/multiprocessing/synchronize.py", line 57, in __init__\n'
    "    sl = self._semlock = _multiprocessing.SemLock(\nOSError: [Errno 38] Function not implemented\n",
    "ImportError: This platform lacks a functioning sem_open implementation, therefore, the required "
    "synchronization primitives needed will not function, see issue 3770.\n",
)
LOG_SILENT = (
    '  File "/usr/lib/python3.8/multiprocessing/synchronize.py", line 57, in __init__\n'
    "    sl = self._semlock = _multiprocessing.SemLock(\nOSError: [Errno 28] No space left on device\n",
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where the trial could not take a semaphore."""
    problem = facts["trial.semaphore_problem"]
    if problem is None:
        return ok("1 semaphore was taken and given back: worker queues can be made.")
    evidence = (f"multiprocessing.Lock, tried 1 time: {problem}",)
    remedy = _MAKE_ROOM if "Errno 28" in str(problem) else _REMEDY
    return fail("0 semaphores can be had here: no worker can start.", evidence, remedy)


def _find(trace: Trace) -> Clue | None:
    for error in trace.errors:
        last = error.frames[-1] if error.frames else None
        if last and ("synchronize.py" in last.path or "SemLock" in last.code) and says(error, _ERRNO):
            return error_clue(trace, _ERRNO, error)
    return phrase(trace, r"lacks a functioning sem_open|\[Errno 38\] Function not implemented")


def recognise(trace: Trace) -> Recognition | None:
    """Look for a semaphore that cannot be made for a reason other than space."""
    found = _find(trace)
    if found is None:
        return None
    remedy = _SERVERLESS if trace.platform.is_serverless else _REMEDY
    return recognised(
        found, "This platform offers no semaphores, which every worker needs.", remedy, score=82
    )

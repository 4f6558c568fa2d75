"""The kernel refuses to fork for want of memory.

What it means
-------------
A forked worker may in theory change all the memory of its parent. With strict overcommit, or when memory is
nearly used up, the kernel refuses the copy (errno 12); a limit on address space (`ulimit -v`) refuses the
semaphores of a worker's queues as well.

Why it matters
--------------
Workers cannot start, though each would need little.

How to fix
----------
Start the workers before the large data is loaded, use fewer, free memory, or allow overcommit. forkserver
copies a small process instead. Where a semaphore was refused, none of that helps: lift the limit on address
space, or on the number of memory maps (vm.max_map_count), which says errno 12 as well.

When it is fine
---------------
Never.

References
----------
Linux kernel documentation, vm/overcommit-accounting; fork(2), ENOMEM.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Trace, error_clue, phrase, recognised, says
from diagnostics.traces.remedies import show_memory

CODE = "DL215"
SLUG = "fork-out-of-memory"
TITLE = "A worker cannot be forked for want of memory"
_ERRNO = r"OSError: \[Errno 12\]"
LOG_FIRES = (
    '  File "/usr/lib/python3.6/multiprocessing/popen_fork.py", line 66, in _launch\n    '
    "self.pid = os.fork()\n"
    "OSError: [Errno 12] Cannot allocate memory\n",
    "OSError: [Errno 12] Cannot allocate memory\n",
    # torch 2.13 under `ulimit -v`: the queues' semaphores come before the workers
    "Traceback (most recent call last):\n"
    '  File "train.py", line 8, in train\n    for b in DataLoader(D(), batch_size=4, num_workers=n): pass\n'
    '  File "/usr/lib/python3.11/site-packages/torch/utils/data/dataloader.py", line 505, in __iter__\n'
    "    return self._get_iterator()\n"
    '  File "/usr/lib/python3.11/site-packages/torch/utils/data/dataloader.py", line 1134, in __init__\n'
    "    self._worker_result_queue = multiprocessing_context.Queue()  # type: ignore[var-annotated]\n"
    '  File "/usr/lib/python3.11/multiprocessing/context.py", line 103, in Queue\n'
    "    return Queue(maxsize, ctx=self.get_context())\n"
    '  File "/usr/lib/python3.11/multiprocessing/synchronize.py", line 57, in __init__\n'
    "    sl = self._semlock = _multiprocessing.SemLock(\n"
    "OSError: [Errno 12] Cannot allocate memory\n",
)
LOG_SILENT = (
    "RuntimeError: [enforce fail at CPUAllocator.cpp:64] . DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 4718592000 bytes. Error code 12 (Cannot allocate memory)\n",
)


_REFUSED_MAP = "The kernel refused memory for a worker's queue (errno 12), before any worker was started."
_LIFT = Remedy(
    "Lift the limit on address space, or that on memory maps, whichever is reached.",
    (
        "ulimit -v; ulimit -v unlimited  # in the shell that starts the training",
        "wc -l /proc/PID/maps; sysctl vm.max_map_count",
        "sudo sysctl -w vm.max_map_count=262144",
    ),
)


def _find(trace: Trace) -> Clue | None:
    for error in trace.errors:
        if says(error, _ERRNO) and error.frames:
            last = error.frames[-1]
            if (
                (error.is_cut and trace.place(error) in {"start", "receive", "loader"})
                or "fork" in last.path
                or "fork" in last.code
                or "_launch" in last.function
                or "subprocess" in last.path
                or (trace.place(error) in {"construct", "start"} and "multiprocessing" in last.path)
            ):
                return error_clue(trace, "", error)
    if any(says(error, _ERRNO) and error.frames for error in trace.errors):
        return None
    return phrase(trace, _ERRNO) or phrase(trace, r"fork: (?:retry: )?Cannot allocate memory")


def recognise(trace: Trace) -> Recognition | None:
    """Look for errno 12 from fork itself, or from what is made for a worker before it."""
    found = _find(trace)
    if found is None:
        return None
    last = found.error.frames[-1] if found.error is not None and found.error.frames else None
    if last is not None and "SemLock" in last.code:
        return recognised(found, _REFUSED_MAP, _LIFT, score=74)
    remedy = Remedy(
        "Use fewer workers or a start method that copies less, and see what memory is free.",
        (
            *show_memory(trace.platform),
            'DataLoader(..., num_workers=2, multiprocessing_context="forkserver")',
            "sudo sysctl -w vm.overcommit_memory=1",
        ),
    )
    return recognised(found, "The kernel refused memory for starting a worker (errno 12).", remedy, score=74)

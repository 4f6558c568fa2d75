"""The limit on threads and processes is reached.

What it means
-------------
Each worker is a process, and its libraries (OpenBLAS, OpenMP, MKL) start a thread a core. The user's limit
(`ulimit -u`) or the container's (pids.max) counts them all.

Why it matters
--------------
Workers or threads fail to start with "Resource temporarily unavailable", or die without a word.

How to fix
----------
One thread a worker (`OMP_NUM_THREADS=1`, `OPENBLAS_NUM_THREADS=1`), fewer workers, a higher limit.

When it is fine
---------------
Never.

References
----------
setrlimit(2), RLIMIT_NPROC; Linux kernel documentation, cgroup v2, pids.max.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL216"
SLUG = "thread-or-process-limit"
TITLE = "The limit on threads and processes is reached"
_WORDS = (
    r"BlockingIOError: \[Errno 11\]|can'?t start new thread|pthread_create failed|Thread creation failed"
    r"|[Cc]annot allocate thread|fork: (?:retry: )?(?:Resource temporarily|资源暂时)|libgomp: "
    r"Thread|std::system_error.{0,40}Resource temporarily"
    r"|cgroup: fork rejected by pids controller|OMP: Error #34"
)
LOG_FIRES = (
    "BlockingIOError: [Errno 11] Resource temporarily unavailable\n",
    "OpenBLAS blas_thread_init: pthread_create failed for thread 31 of 64: Resource temporarily unavailable\n"
    "OpenBLAS blas_thread_init: RLIMIT_NPROC 4096 current, 4096 max\n",
)
LOG_SILENT = (
    "RuntimeError: unable to allocate shared memory(shm) for file </torch_3_1_0>: "
    "Resource temporarily unavailable (11)\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for threads or processes that the kernel refused."""
    found = phrase(trace, _WORDS)
    if found is None:
        return None
    remedy = Remedy(
        "One thread a worker, fewer workers, or a higher limit.",
        (
            "ulimit -u",
            "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1",
            "cat /sys/fs/cgroup/pids.max",
        ),
    )
    return recognised(found, "No more threads or processes may be started here.", remedy, score=80)

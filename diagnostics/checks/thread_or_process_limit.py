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

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.quantities import format_quantity
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL216"
SLUG = "thread-or-process-limit"
TITLE = "The limit on threads and processes is low or reached"
NEEDS = (
    "system.os_name",
    "limits.processes_soft_count",
    "limits.cgroup_processes_count",
    "cpu.usable_cores",
)
FIRES = dict(zip(NEEDS, ("Linux", 96365, 64, 16), strict=True))
SILENT = dict(zip(NEEDS, ("Linux", 96365, None, 16), strict=True))
OWN_THREADS = 64  # the shell, the training process, its pinning, queue and communication threads
THREADS_A_CORE = 4  # one of each operation, one of autograd, and a worker with its queue's thread
FEWEST = 32  # below it not even two workers are sure to start
_WORDS = (
    r"BlockingIOError: \[Errno 11\](?!.{0,80}\block)|can'?t start new thread"
    r"|pthread_create(?: failed|: ?Resource)"
    r"|Thread creation failed|[Cc]annot allocate thread|fork: (?:retry: )?(?:Resource temporarily|资源暂时)"
    r"|libgomp: Thread|std::system_error.{0,40}Resource temporarily"
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


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the tighter of both limits with what one worker a core may need."""
    os_name, *limits, cores = (facts[key] for key in NEEDS)
    if os_name == "Windows":
        return not_applicable("Windows does not limit a user's processes in this way.")
    named = zip(limits, ("RLIMIT_NPROC", "control group, pids.max"), strict=True)
    set_ones = [(limit, source) for limit, source in named if limit is not None]
    if not set_ones:
        return ok("There is no limit on processes and threads: 0 limits are set.")
    limit, source = min(set_ones)
    wanted = OWN_THREADS + int(THREADS_A_CORE * (cores or 1))
    told, need = (format_quantity(value, "count") for value in (limit, wanted))
    if limit >= wanted:
        return ok(f"{told} processes and threads are allowed; one worker a core needs up to about {need}.")
    remedy = Remedy(
        "Raise the limit; until then few workers, with one thread each.",
        (
            "ulimit -u $(ulimit -H -u)",
            "docker run --pids-limit=-1 …",
            "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1",
        ),
    )
    evidence = (f"limit: {told} ({source}), of which all that runs already is taken", f"wanted: {need}")
    verdict = fail if limit < FEWEST else warn
    return verdict(
        f"{told} processes and threads are allowed; workers may need {need}.", evidence, remedy, "likely"
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

"""A forked worker waits for a lock that no thread of its own will open.

What it means
-------------
Fork copies one thread only, and all locks as they stand. A lock that another thread held (OpenCV's, OpenMP's,
a tokenizer's, the logger's) stays closed in the worker for ever.

Why it matters
--------------
Training stops without a word, at no fixed place, and often only on some machines.

How to fix
----------
Start workers by forkserver or spawn; or switch the library's threads off before workers start
(`cv2.setNumThreads(0)`, TOKENIZERS_PARALLELISM=false, OMP_NUM_THREADS=1).

When it is fine
---------------
Never.

References
----------
Python documentation, os.fork, the warning on threads; PyTorch issue 1355.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Trace, error_clue, joined, recognised
from diagnostics.traces.remedies import context

CODE = "DL235"
SLUG = "hang-fork-threads"
TITLE = "A forked worker waits for a lock that stays closed"
_NATIVE = (
    r"__lll_lock_wait|lll_lock_wait|futex_(?:abstimed_)?wait|pthread_(?:cond_wait"
    r"|mutex_lock)|gomp_(?:team_|barrier|thread)|GOMP_parallel|__kmp_|omp_"
    r"|blas_thread_server|tokenizers::|rayon"
)
_LIBRARIES = (
    "cv2",
    "tokenizers",
    "tokenization",
    "numexpr",
    "/logging/__init__.py",
    "albumentations",
    "sentencepiece",
)
_CALLS = r"^\s*[\w.]+ \((?:\S*/)?(?:cv2|tokenizers|numexpr|logging)/"
_HANG = (
    r"(?i)\bhang|\bstuck\b|deadlock|KeyboardInterrupt|Timeout \(\d|timed out|py-spy|gdb"
    r"|Thread [^\n(]{0,30}\((?:idle|active)"
)
LOG_FIRES = (
    'Thread 4242 (idle): "MainThread"\n    resize (cv2/__init__.py:0)\n    __getitem__ (data.py:31)\n'
    "    _worker_loop (torch/utils/data/_utils/worker.py:302)\n    __lll_lock_wait (libpthread.so:0)\n"
    "the loader is stuck\n",
    "#0  __lll_lock_wait () from /lib/libpthread.so.0\n#1  cv::resize () from cv2.so\n"
    "gdb: worker of the DataLoader hangs\n",
)
LOG_SILENT = (
    "DeprecationWarning: This process (pid=7) is multi-threaded, use of fork() may lead "
    "to deadlocks in the child.\n",
)


def _library_stack(trace: Trace) -> Clue | None:
    for error in trace.errors:
        if not error.in_worker or error.type not in {"KeyboardInterrupt", "", "Fatal Python error"}:
            continue
        if any(name in frame.path for frame in error.frames[-2:] for name in _LIBRARIES):
            return error_clue(trace, "", error)
    return None


def recognise(trace: Trace) -> Recognition | None:
    """Look for a worker's stack that ends in a lock or in a library with threads, and for a hang."""
    native, hang, stack = trace.find_line(_NATIVE), trace.find_line(_HANG), _library_stack(trace)
    if native is None and trace.find_line("_worker_loop"):
        native = trace.find_line(_CALLS)
    if (
        hang is None
        or not (trace.mentions_loader or trace.find_line("_worker_loop"))
        or not (native or stack)
    ):
        return None
    remedy = Remedy(
        "Do not fork with threads about.",
        (
            context(trace.platform),
            "cv2.setNumThreads(0)  # before the loader",
            "export TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1",
        ),
    )
    lines = tuple(line for line in (native, hang) if line)
    found = Clue(joined((Clue(lines), stack)), stack.error if stack else None)
    return recognised(
        found,
        "A forked worker waits for a lock of a library's threads.",
        remedy,
        score=58,
        confidence="likely" if native else "possible",
    )

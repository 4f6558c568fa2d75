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
(`cv2.setNumThreads(0)`, TOKENIZERS_PARALLELISM=false, OMP_NUM_THREADS=1). A lock of your own is made anew in
each worker, or its thread is started after the workers.

When it is fine
---------------
Never.

References
----------
Python documentation, os.fork, the warning on threads; PyTorch issue 1355.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import format_quantity
from diagnostics.traces.clues import Clue, Recognition, Trace, error_clue, joined, recognised
from diagnostics.traces.platforms import Platform
from diagnostics.traces.remedies import context
from diagnostics.traces.trace import compiled

CODE = "DL235"
SLUG = "hang-fork-threads"
TITLE = "A forked worker waits for a lock that stays closed"
NEEDS = (
    "run.hang_seconds",
    "run.hang_place",
    "run.hang_frames",
    "run.hang_waits_for_lock",
    "run.hang_start_method",
)
FIRES = {
    "run.hang_seconds": 61.0,
    "run.hang_place": "data.py:12 in __getitem__",
    "run.hang_frames": ["data.py:12 in __getitem__: return cv2.resize(image, (64, 64))"],
    "run.hang_waits_for_lock": True,
    "run.hang_start_method": "fork",
}
SILENT = {
    "run.hang_seconds": 0.0,
    "run.hang_place": "",
    "run.hang_frames": [],
    "run.hang_waits_for_lock": False,
    "run.hang_start_method": None,
}
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
# A worker's first act is torch.set_num_threads(1).
_WORKER = r"_worker_loop|at::set_num_threads|THPModule_setNumThreads"
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


NEAR = 6  # lines of a stack
_OWN = (
    "Start workers without fork; or start the thread that takes the lock after them, or make the lock anew "
    "in each worker."
)
_OF_LIBRARY = "Start workers without fork, or keep the library from using threads before it."
_LOCKS = (  # by what the innermost lines show: whose lock it is, what helps, and how
    (r"\bcv2\b|\bcv::|albumentations", _OF_LIBRARY, "cv2.setNumThreads(0)  # before the loader"),
    (r"tokeniz|encode_plus|rayon|sentencepiece", _OF_LIBRARY, "export TOKENIZERS_PARALLELISM=false"),
    (r"numexpr", _OF_LIBRARY, "export NUMEXPR_NUM_THREADS=1"),
    (
        r"\blogging[/.]|\blog(?:ger|ging)?\.\w+\(",
        "Start workers without fork, or the thread that logs after them.",
        "DataLoader(..., worker_init_fn=log_anew)  # makes handlers of its own",
    ),
    (
        r"\b(?:threading|queue)\.py\b|(?i:(?<!dead)lock|mutex|semaphore|condition)\b|\.(?:acquire|wait|join)\(",
        _OWN,
        "DataLoader(..., worker_init_fn=make_lock_anew)",
    ),
    (r"", _OF_LIBRARY, "export OMP_NUM_THREADS=1"),
)


def _advice(lines: Iterable[str], start: str) -> Remedy:
    """Return what helps against the lock that the innermost lines of a worker's stack show."""
    said = "\n".join(lines)
    text, command = next(found for pattern, *found in _LOCKS if compiled(pattern).search(said))
    return Remedy(text, (start, command))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for a forked worker that sleeps on a lock in the middle of a sample."""
    seconds, place = facts["run.hang_seconds"], facts["run.hang_place"]
    if (
        not seconds
        or facts["run.hang_waits_for_lock"] is not True
        or facts["run.hang_start_method"] != "fork"
    ):
        return ok("No forked worker sleeps on a lock: 0 found.")
    waited = format_quantity(seconds, "seconds")
    where = f" at {place}" if place else ""
    summary = f"A forked worker waits for a lock{where}, which another thread held when it was forked."
    frames = facts["run.hang_frames"]
    lines = [str(one) for one in frames] if isinstance(frames, list) else []
    own = next((number for number, line in enumerate(lines, 1) if ": " in line), None)  # its source is quoted
    remedy = _advice(lines[:own], context(Platform()))
    return fail(summary, (f"no progress for {waited}; the worker sleeps in a lock",), remedy, "likely")


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
    if hang is None or not (trace.mentions_loader or trace.find_line(_WORKER)) or not (native or stack):
        return None
    lines = tuple(line for line in (native, hang) if line)
    found = Clue(joined((Clue(lines), stack)), stack.error if stack else None)
    at = {line.number for line in found.lines if line is not hang}
    near = (line.text for line in trace.everything if any(abs(line.number - one) <= NEAR for one in at))
    remedy = _advice(near, context(trace.platform))
    return recognised(
        found,
        "A forked worker waits for a lock of a library's threads.",
        remedy,
        score=58,
        confidence="likely" if native else "possible",
    )

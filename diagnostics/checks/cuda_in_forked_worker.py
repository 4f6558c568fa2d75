"""CUDA was used in a forked worker.

What it means
-------------
The parent had used CUDA before the workers were forked, and the dataset (or collate_fn) uses it again in
the worker. A forked process cannot use its parent's CUDA context.

Why it matters
--------------
It fails at the first sample; older versions report a bare "initialization error".

How to fix
----------
Return CPU tensors and move the batch in the training loop, with pin_memory and non_blocking. Where the
dataset must use the GPU, start workers by spawn or forkserver.

When it is fine
---------------
In spawned workers, at the price of a CUDA context each.

References
----------
PyTorch documentation, "Multiprocessing best practices", "CUDA in multiprocessing".
"""

from diagnostics.findings import Confidence, Remedy
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Role,
    Trace,
    cut_in,
    error_clue,
    phrase,
    raised_in,
    recognised,
    says,
    told,
)
from diagnostics.traces.errors import Error
from diagnostics.traces.trace import compiled

CODE = "DL228"
SLUG = "cuda-in-forked-worker"
TITLE = "CUDA is used in a forked worker"
_WORDS = r"(?i)cannot re-?initialize (?:CUDA|XPU|NPU) in (?:a )?forked (?:sub)?process"
_OLD = (
    r"(?i)CUDA (?:error|driver error|runtime error)[ (:\d)]{0,8}.{0,12}initialization "
    r"error|CUDA_ERROR_NOT_INITIALIZED|CUDA error \(3\)|cuda runtime error \(3\)|cudaErrorInitializationError"
    r"|(?:\bError 3:|\bAPI call\)|\bcu\w+ failed:) initialization error"
)
# What people write of it, whatever CUDA said; and the words by which they say that it is not so.
_TOLD = (
    r"(?i)\bCUDA\b(?:(?!\bCUDA\b)[^.?!]|\.\w){0,120}\b(?:in|inside|within|across|by) (?:an? |the )?"
    r"forked (?:data ?loader )?(?:(?:sub|child )?process|worker|child)"
)
_DENIED = (
    r"(?i)(?:\b(?:never|no|nor|neither|without|nothing|none|nowhere)\b"
    r"|(?<!must )(?<!should )(?<!may )(?<!can )\bnot\b|(?<!ca)(?<!must)(?<!should)n't\b)"
    r"(?! (?:\w+ )?(?:work|us[ae]ble|support|possible|allow|safe|permit|valid|available"
    r"|know|sure|understand|why|way|spawn))"
)
_OF_CUDA = r"(?i)\bcuda (?:runtime |driver )?error\b(?!.{0,12}out of memory)|\bCUDA_ERROR_"
# A worker's queue pickles what was not collated; a CUDA tensor then asks CUDA for a handle to send.
_SENDING = {"_feed", "_share_cuda_"}
# A worker that got a CUDA tensor from its dataset puts the batch into shared memory, which is the CPU's.
_SHARED = r"storage of a tensor on device .?cuda|_share_(?:fd|filename)\w*: only available on CPU"
# What else forks, where no DataLoader is spoken of: what to look for, what it is, what to do.
_OTHER_FORKERS = (
    (
        r"(?i)\bgunicorn\b|\buwsgi\b|\bcelery\b|\bbilliard\b",
        "that a server or a queue forked",
        Remedy(
            "Load the model in each process, after the fork: not before, not by a preload.",
            ("gunicorn app:app  # without --preload", "celery -A app worker --pool=solo"),
        ),
    ),
    (
        r"\bnum_proc\b|/multiprocess/pool\.py",
        "that dataset.map forked",
        Remedy(
            "Start the processes of the map by spawn, or let one process feed the GPU with batches.",
            ('multiprocess.set_start_method("spawn")', "dataset.map(..., batched=True, num_proc=None)"),
        ),
    ),
)
LOG_FIRES = (
    "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with "
    "multiprocessing, you must "
    "use the 'spawn' start method\n",
    "RuntimeError: Caught RuntimeError in DataLoader worker process 0.\nOriginal "
    "Traceback (most recent call last):\n"
    '  File "/home/user/data.py", line 9, in __getitem__\n    return self.x[i].cuda()\n'
    "RuntimeError: CUDA error: initialization error\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 3, in '
    "<module>\n    model.cuda()\n"
    "RuntimeError: CUDA error: initialization error\n",
)


def _may_be_worker(trace: Trace, error: Error) -> bool:
    is_sending = any(frame.function in _SENDING for frame in error.frames)
    return error.in_worker or is_sending or trace.place(error) in {"dataset", "collate"}


def _find(trace: Trace) -> Clue | None:
    for error in trace.errors:
        if says(error, _WORDS) or (says(error, _OLD) and _may_be_worker(trace, error)):
            own_process = (
                any(frame.function == "_bootstrap" for frame in error.frames) and not trace.mentions_loader
            )
            if not error.is_wrapper and not own_process:
                return error_clue(trace, "", error)
    if any(says(error, _WORDS) for error in trace.errors):
        return None
    is_unsaid = any(error.in_worker and error.is_cut and not error.message for error in trace.errors)
    if is_unsaid and (words := phrase(trace, rf"{_OLD}|THCudaCheck FAIL .{{0,200}}initialization error")):
        return words  # by CUDA itself, before the worker's traceback that is cut off
    if shared := raised_in(trace, "collate", "dataset", "receive", pattern=_SHARED):
        return shared
    return phrase(trace, _WORDS) or cut_in(trace, "^_lazy_init:", "dataset", "collate")


def _is_explained(error: Error) -> bool:
    """Tell an error that words of CUDA in forked processes explain, or that says them itself."""
    return says(error, _OF_CUDA) or bool(compiled(_TOLD).search(error.message))


def _stated(trace: Trace) -> Clue | None:
    """Find words of it, unless an error says it of a process that no loader started."""
    if any(says(error, _WORDS) for error in trace.errors):
        return None
    return told(trace, _TOLD, beside=_is_explained, unless=_DENIED)


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's refusal, for an initialization error inside a worker, or for words of it."""
    found, role = _find(trace), Role.CAUSE
    if found is None:
        found = _stated(trace)
        role = Role.CAUSE if any(map(_is_explained, trace.errors)) else Role.STATED
    if found is None:
        return None
    confidence: Confidence | None = "possible" if role is Role.STATED else None
    if not trace.mentions_loader:
        for pattern, what, cure in _OTHER_FORKERS:
            if trace.find_line(pattern):
                summary = f"CUDA was used in a process {what}, which cannot work; no DataLoader is involved."
                return recognised(found, summary, cure, role, 82, confidence or "likely")
    remedy = Remedy(
        "Return CPU tensors; move the batch in the loop.",
        (
            "DataLoader(..., pin_memory=True)",
            "batch = batch.to(device, non_blocking=True)",
            'DataLoader(..., multiprocessing_context="spawn")  # if the dataset needs CUDA',
        ),
    )
    is_used = "is said to be used" if role is Role.STATED else "was used"
    summary = f"CUDA {is_used} inside a forked worker, which cannot work."
    return recognised(found, summary, remedy, role, 82, confidence)

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

from diagnostics.findings import Remedy
from diagnostics.traces.clues import (
    Clue,
    Recognition,
    Trace,
    cut_in,
    error_clue,
    phrase,
    raised_in,
    recognised,
    says,
)
from diagnostics.traces.errors import Error

CODE = "DL228"
SLUG = "cuda-in-forked-worker"
TITLE = "CUDA is used in a forked worker"
_WORDS = r"(?i)cannot re-?initialize (?:CUDA|XPU|NPU) in (?:a )?forked (?:sub)?process"
_OLD = (
    r"(?i)CUDA (?:error|driver error|runtime error)[ (:\d)]{0,8}.{0,12}initialization "
    r"error|CUDA_ERROR_NOT_INITIALIZED|CUDA error \(3\)|cuda runtime error \(3\)|cudaErrorInitializationError"
    r"|(?:\bError 3:|\bAPI call\)|\bcu\w+ failed:) initialization error"
)
# What people write of it, whatever CUDA said.
_TOLD = r"(?i)\bCUDA\b[^.?!]{0,120}\b(?:in|inside|within|across|by) (?:a |the )?forked (?:sub|child )?process"
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
    if is_unsaid and (told := phrase(trace, rf"{_OLD}|THCudaCheck FAIL .{{0,200}}initialization error")):
        return told  # by CUDA itself, before the worker's traceback that is cut off
    if shared := raised_in(trace, "collate", "dataset", "receive", pattern=_SHARED):
        return shared
    return (
        phrase(trace, _WORDS) or cut_in(trace, "^_lazy_init:", "dataset", "collate") or phrase(trace, _TOLD)
    )


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's refusal, or for an initialization error inside a worker."""
    found = _find(trace)
    if found is None:
        return None
    if not trace.mentions_loader:
        for pattern, what, cure in _OTHER_FORKERS:
            if trace.find_line(pattern):
                summary = f"CUDA was used in a process {what}, which cannot work; no DataLoader is involved."
                return recognised(found, summary, cure, score=82, confidence="likely")
    remedy = Remedy(
        "Return CPU tensors; move the batch in the loop.",
        (
            "DataLoader(..., pin_memory=True)",
            "batch = batch.to(device, non_blocking=True)",
            'DataLoader(..., multiprocessing_context="spawn")  # if the dataset needs CUDA',
        ),
    )
    return recognised(found, "CUDA was used inside a forked worker, which cannot work.", remedy, score=82)

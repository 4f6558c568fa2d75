"""A forked worker frees a CUDA tensor that it inherited.

What it means
-------------
The parent held CUDA tensors when it forked. The worker's garbage collector frees its copy of one, which
calls CUDA in a process where it cannot work: C++ throws, and the worker aborts.

Why it matters
--------------
It comes by chance, whenever the collector runs, and names no line of yours.

How to fix
----------
Start workers by forkserver or spawn, or make the loader's iterator before anything is put on the GPU; keep
CUDA tensors out of the dataset and of cycles of references.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, "Multiprocessing best practices"; PyTorch issue 67978.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Clue, Recognition, Trace, died_by, joined, phrase, recognised
from diagnostics.traces.remedies import context

CODE = "DL229"
SLUG = "cuda-tensor-in-forked-worker"
TITLE = "A forked worker frees an inherited CUDA tensor"
_THROWN = r"terminate called after throwing an instance of '(?:c10::\w*Error|std::exception|at::Error)'"
_CUDA = (
    r"CUDA (?:error|driver error)(?: \(3\))?: ?(?:initialization error|driver shutting "
    r"down|3\b)|(?:initialization error|CUDAGuardImpl"
    r"|CUDACachingAllocator).{0,200}(?:Exception raised from|insert_events|getDevice"
    r"|initialization error)"
)
LOG_FIRES = (
    "terminate called after throwing an instance of 'c10::Error'\n  what():  CUDA error: "
    "initialization error\n"
    "Exception raised from insert_events at ../c10/cuda/CUDACachingAllocator.cpp:1089 "
    "(most recent call first):\n"
    "RuntimeError: DataLoader worker (pid 12) is killed by signal: Aborted.\n",
    "[W CUDAGuardImpl.h:46] Warning: CUDA warning: driver shutting down (function uncheckedGetDevice)\n"
    "terminate called after throwing an instance of 'c10::Error'\n  what():  CUDA error: "
    "initialization error\n",
)
LOG_SILENT = (
    "terminate called after throwing an instance of 'c10::Error'\n"
    "  what():  CUDA error: device-side assert triggered\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for a C++ exception of CUDA's initialization."""
    thrown, cuda = phrase(trace, _THROWN), phrase(trace, _CUDA)
    dead = died_by(trace, "Aborted")
    if cuda is None or not (thrown or dead) or (cuda.error is not None and cuda.error.frames):
        return None
    remedy = Remedy(
        "Start workers without fork, or before CUDA is in use.",
        (context(trace.platform), "iterator = iter(loader)  # before model.cuda()"),
    )
    found = Clue(joined((thrown, cuda, dead)))
    return recognised(
        found,
        "A forked worker freed a CUDA tensor of its parent and aborted.",
        remedy,
        score=86,
        confidence="likely",
    )

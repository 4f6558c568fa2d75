"""Memory ran out while batches were pinned.

What it means
-------------
Pinning asks CUDA for page-locked memory and needs a CUDA context. Either the GPU is full (another process,
a large model), or the host, or the container, has no memory left to be pinned.

Why it matters
--------------
The error arises in the pinning thread, far from the code that filled the memory.

How to fix
----------
Smaller batches, fewer prefetched ones, or pin_memory=False. See who uses the GPU.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data, "Memory Pinning".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, raised_in, recognised

CODE = "DL231"
SLUG = "pin-memory-cuda-oom"
TITLE = "Memory ran out while pinning"
_OOM = (
    r"(?i)out of memory|OutOfMemoryError|cudaErrorMemoryAllocation|resource already mapped|alloc_failed"
    r"|OS call failed"
)
LOG_FIRES = (
    "Exception in thread Thread-4:\n"
    '  File "/opt/lib/site-packages/torch/utils/data/_utils/pin_memory.py", line 53, in pin_memory\n'
    "    return data.pin_memory()\nRuntimeError: CUDA error: out of memory\n",
    "RuntimeError: cuda runtime error (2) : out of memory at "
    "/pytorch/aten/src/THC/THCCachingHostAllocator.cpp:278\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 50, in '
    "<module>\n    out = model(x)\n"
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 512.00 MiB\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for want of memory at the pinning thread."""
    found = raised_in(trace, "pin", pattern=_OOM) or phrase(
        trace, r"out of memory at .{0,80}(?:CachingHostAllocator|PinnedMemory)"
    )
    if found is None:
        return None
    remedy = Remedy(
        "Pin less, and see who holds the memory.",
        ("DataLoader(..., pin_memory=False)", "nvidia-smi", "free -m"),
    )
    return recognised(found, "Memory ran out while a batch was being pinned.", remedy, score=80)

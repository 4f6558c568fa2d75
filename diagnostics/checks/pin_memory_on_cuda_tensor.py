"""The loader is to pin tensors that are on the GPU already.

What it means
-------------
Pinning moves CPU memory where the GPU can read it directly. The dataset or collate_fn returns CUDA tensors,
and those cannot be pinned.

Why it matters
--------------
The first batch fails.

How to fix
----------
Return CPU tensors (better), or pin_memory=False.

When it is fine
---------------
Never together.

References
----------
PyTorch documentation, torch.utils.data, "Memory Pinning".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL230"
SLUG = "pin-memory-on-cuda-tensor"
TITLE = "pin_memory is asked for CUDA tensors"
LOG_FIRES = (
    "RuntimeError: cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned\n",
    "RuntimeError: Caught RuntimeError in pin memory thread for device 0.\n"
    "Original Traceback (most recent call last):\n"
    "RuntimeError: cannot pin 'torch.cuda.LongTensor' only dense CPU tensors can be pinned\n",
)
LOG_SILENT = ("RuntimeError: Pin memory thread exited unexpectedly\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the refusal to pin."""
    found = phrase(
        trace,
        r"cannot pin '?[\w.]+'?|only (?:dense )?CPU (?:tensors|memory) can be pinned",
    ) or phrase(trace, r"[Nn]eed to provide pin_memory allocator", guarded=True)
    if found is None:
        return None
    remedy = Remedy(
        "Return CPU tensors, or do not pin.",
        ("DataLoader(..., pin_memory=False)", "return image  # no .cuda() in __getitem__"),
    )
    return recognised(found, "The batch is on the GPU already and cannot be pinned.", remedy, score=84)

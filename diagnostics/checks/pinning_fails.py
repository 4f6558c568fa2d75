"""Memory cannot be pinned.

What it means
-------------
64 MiB of host memory were to be pinned for fast copies to the GPU, and it failed.

Why it matters
--------------
A loader with pin_memory=True ends in an error of its pinning thread.

How to fix
----------
Raise the limit on locked memory (`ulimit -l`), free memory, or load with pin_memory=False.

When it is fine
---------------
With pin_memory=False.

References
----------
CUDA documentation, cudaHostAlloc; Linux manual, getrlimit(2), RLIMIT_MEMLOCK.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok
from diagnostics.quantities import format_quantity

CODE = "GP103"
SLUG = "pinning-fails"
TITLE = "Memory cannot be pinned"
NEEDS = ("torch.cuda_available", "trial.cuda_pin_problem", "trial.cuda_to_device_seconds")
FIRES = dict(zip(NEEDS, (True, "RuntimeError: CUDA error: out of memory", None), strict=True))
SILENT = dict(zip(NEEDS, (True, None, 0.003), strict=True))

NUM_BYTES = 64 << 20


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where pinning was refused; else tell how fast pinned memory went to the device."""
    available, problem, seconds = (facts[key] for key in NEEDS)
    if problem is None and (not available or not seconds):
        return not_applicable("Nothing was pinned: torch uses no GPU here.")
    if problem is None:
        rate = format_quantity(NUM_BYTES / seconds, "bytes")
        return ok(f"64 MiB of pinned memory went to the device at {rate}/s.")
    remedy = Remedy(
        "Raise the limit on locked memory, or do without pinning.",
        ("ulimit -l unlimited", "DataLoader(..., pin_memory=False)"),
    )
    return fail("64 MiB of memory could not be pinned.", (f"64 MiB, pin_memory(): {problem}",), remedy)

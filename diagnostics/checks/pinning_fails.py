"""Memory cannot be pinned.

What it means
-------------
64 MiB of host memory were to be pinned for fast copies to the GPU, and it failed.

Why it matters
--------------
A loader with pin_memory=True ends in an error of its pinning thread.

How to fix
----------
Free memory of the host, raise the container's or WSL's limit on memory, see what the driver says, or load
with pin_memory=False. The limit on locked memory (`ulimit -l`) is not what refuses: the driver pins by itself
and does not ask for it.

When it is fine
---------------
With pin_memory=False.

References
----------
CUDA documentation, cudaHostAlloc; NVIDIA, open-gpu-kernel-modules, kernel-open/nvidia/os-mlock.c (pages are
pinned without a look at RLIMIT_MEMLOCK); CUDA on WSL User Guide, known limitations.
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
        return not_applicable("Nothing was pinned: no GPU was used here.")
    if problem is None:
        rate = format_quantity(NUM_BYTES / seconds, "bytes")
        return ok(f"64 MiB of pinned memory went to the device at {rate}/s.")
    remedy = Remedy(
        "Free memory of the host or raise the container's limit on it, or do without pinning.",
        (
            "free -m; cat /sys/fs/cgroup/memory.max",
            "sudo dmesg | grep -iE 'nvrm|oom' | tail -20",
            "DataLoader(..., pin_memory=False)",
        ),
    )
    return fail("64 MiB of memory could not be pinned.", (f"64 MiB, pin_memory(): {problem}",), remedy)

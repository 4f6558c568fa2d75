"""Somebody else uses a GPU.

What it means
-------------
The driver lists processes on a GPU that were there before anything was measured. (In a container it does not
list those outside.)

Why it matters
--------------
They share its memory and its time: what is measured is the two together, and memory runs out sooner.

How to fix
----------
Choose another GPU (`CUDA_VISIBLE_DEVICES`), or wait.

When it is fine
---------------
On a machine that is shared on purpose, as long as nobody compares timings.

References
----------
nvidia-smi(1), --query-compute-apps.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "GP105"
SLUG = "gpu-in-use"
TITLE = "A GPU is in somebody else's use"
NEEDS = ("gpu.count", "gpu.processes_count", "gpu.processes_memory_bytes")
FIRES = dict(zip(NEEDS, (1, 2, 20 << 30), strict=True))
SILENT = dict(zip(NEEDS, (1, 0, 0), strict=True))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire for any process that computes there."""
    count, processes, memory = (facts[key] for key in NEEDS)
    if not count or processes is None:
        return not_applicable("No NVIDIA GPU tells of its processes here.")
    if not processes:
        return ok(f"nvidia-smi lists 0 processes on {count} {'GPU' if count == 1 else 'GPUs'}.")
    held = f", which hold {format_quantity(memory, 'bytes')}" if memory else ""
    evidence = (f"nvidia-smi lists {processes:g} compute processes{held}",)
    remedy = Remedy(
        "Take a GPU that nobody uses, or wait.",
        (
            "nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory --format=csv",
            "export CUDA_VISIBLE_DEVICES=1",
        ),
    )
    return warn(f"{processes:g} other processes compute on the GPUs here{held}.", evidence, remedy, "likely")

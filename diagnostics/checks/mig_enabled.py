"""A GPU is divided into slices (MIG).

What it means
-------------
With Multi-Instance GPU, a process gets one slice with its own memory and part of the multiprocessors, and
CUDA uses one slice a process.

Why it matters
--------------
Memory and speed are the slice's, not the card's; without any instance torch finds no device.

How to fix
----------
Name the slice in CUDA_VISIBLE_DEVICES, and compare only with slices of the same size; or ask whoever runs
the machine to switch MIG off.

When it is fine
---------------
When a slice is what was asked for.

References
----------
NVIDIA, "Multi-Instance GPU User Guide".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn

CODE = "GP108"
SLUG = "mig-enabled"
TITLE = "A GPU is divided into slices"
NEEDS = ("gpu.count", "gpu.mig_modes")
FIRES = {"gpu.count": 1, "gpu.mig_modes": ["Enabled"]}
SILENT = {"gpu.count": 1, "gpu.mig_modes": ["Disabled"]}


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire where any GPU says that MIG is on."""
    count, modes = (facts[key] for key in NEEDS)
    if not count or not isinstance(modes, list) or not modes:
        return not_applicable("No NVIDIA GPU tells of slices here.")
    on = [number for number, mode in enumerate(modes) if mode == "Enabled"]
    if not on:
        return ok(f"GPUs divided into slices: 0 of {len(modes)}.")
    evidence = tuple(f"GPU {number}: MIG mode Enabled" for number in on)
    remedy = Remedy(
        "Name the slice, and compare only slices of one size.",
        ("nvidia-smi -L", "export CUDA_VISIBLE_DEVICES=MIG-<uuid of the slice>"),
    )
    return warn(f"GPUs divided into slices (MIG): {len(on)} of {len(modes)}.", evidence, remedy)

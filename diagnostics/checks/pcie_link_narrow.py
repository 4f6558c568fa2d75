"""A GPU's link is narrower than it could be.

What it means
-------------
The GPU and its slot can use more PCIe lanes than are in use. (The generation sinks while a GPU idles, and
is not judged.)

Why it matters
--------------
Batches go to the device at a half or a quarter of the speed.

How to fix
----------
Another slot, a reseated card or riser; in the cloud, another machine.

When it is fine
---------------
When batches are small beside the step.

References
----------
nvidia-smi(1), pcie.link.width.current and pcie.link.width.max.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn

CODE = "GP107"
SLUG = "pcie-link-narrow"
TITLE = "A GPU's link is narrower than it could be"
NEEDS = ("gpu.count", "gpu.link_widths", "gpu.link_max_widths")
FIRES = {"gpu.count": 1, "gpu.link_widths": [4], "gpu.link_max_widths": [16]}
SILENT = {"gpu.count": 1, "gpu.link_widths": [16], "gpu.link_max_widths": [16]}


def _rows(*values: object) -> list[tuple[Any, ...]]:
    """Return the GPUs' values beside one another; none where a fact is no list."""
    return list(zip(*values, strict=False)) if all(isinstance(value, list) for value in values) else []


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the lanes in use with those that card and slot allow."""
    count, widths, most = (facts[key] for key in NEEDS)
    rows = [pair for pair in _rows(widths, most) if all(isinstance(value, int) for value in pair)]
    if not count or not rows:
        return not_applicable("No NVIDIA GPU tells of its link here.")
    narrow = [(number, now, could) for number, (now, could) in enumerate(rows) if now < could]
    if not narrow:
        return ok(f"GPUs that use all of their lanes: {len(rows)} of {len(rows)}.")
    evidence = tuple(f"GPU {number}: {now} of {could} lanes" for number, now, could in narrow)
    remedy = Remedy(
        "Reseat the card, or use another slot or machine.",
        ("nvidia-smi --query-gpu=pcie.link.width.current,pcie.link.width.max --format=csv",),
    )
    return warn(f"GPUs that use fewer lanes than they could: {len(narrow)} of {len(rows)}.", evidence, remedy)

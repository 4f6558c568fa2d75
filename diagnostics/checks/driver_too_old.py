"""The driver is older than the CUDA that torch was built for.

What it means
-------------
A driver supports CUDA up to a version of its own. Builds of the same major version run on it; those of a
newer one do not.

Why it matters
--------------
`torch.cuda.is_available()` is False, or the first kernel fails.

How to fix
----------
A newer driver, or a build of torch for an older CUDA.

When it is fine
---------------
With NVIDIA's forward compatibility package on data-centre GPUs.

References
----------
NVIDIA, "CUDA Compatibility".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok

CODE = "GP102"
SLUG = "driver-too-old"
TITLE = "The driver is older than torch's CUDA"
NEEDS = ("torch.cuda_version", "gpu.driver_cuda_version")
FIRES = dict(zip(NEEDS, ("12.6", "11.4"), strict=True))
SILENT = dict(zip(NEEDS, ("12.6", "12.4"), strict=True))


def _major(version: object) -> int | None:
    head = str(version or "").partition(".")[0]
    return int(head) if head.isdecimal() else None


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the major versions: within one, newer builds run on older drivers."""
    built_for, supports = (facts[key] for key in NEEDS)
    wanted, had = _major(built_for), _major(supports)
    if wanted is None or had is None:
        return not_applicable("torch is built without CUDA, or there is no NVIDIA driver.")
    if had >= wanted:
        return ok(f"The driver supports CUDA {supports}; torch is built for {built_for}.")
    evidence = (f"driver: CUDA {supports} at most (cuDriverGetVersion)", f"torch: built for CUDA {built_for}")
    remedy = Remedy(
        f"Update the driver, or install a build of torch for CUDA {had}.",
        ("nvidia-smi", 'python -c "import torch; print(torch.version.cuda)"'),
    )
    return fail(f"torch needs CUDA {built_for}; the driver supports {supports} at most.", evidence, remedy)

"""There is a GPU, and torch cannot use it.

What it means
-------------
The driver lists a GPU, but torch was built without CUDA, finds no device, or failed when memory was copied
there and back.

Why it matters
--------------
Training runs on the CPU, often without a word; or it stops at the first `.cuda()`.

How to fix
----------
A build of torch for CUDA, a driver that is new enough for it, and a container that is given the device
(`--gpus all`). An empty CUDA_VISIBLE_DEVICES hides every GPU.

When it is fine
---------------
When only the CPU is meant to be used.

References
----------
PyTorch, "Get Started"; NVIDIA Container Toolkit documentation.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok

CODE = "GP101"
SLUG = "cuda-not-usable"
TITLE = "There is a GPU, and torch cannot use it"
NEEDS = ("gpu.count", "torch.cuda_version", "torch.cuda_available", "trial.cuda_problem")
FIRES = dict(zip(NEEDS, (1, "12.6", False, "RuntimeError: CUDA unknown error"), strict=True))
SILENT = dict(zip(NEEDS, (1, "12.6", True, None), strict=True))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where a GPU is listed and no round trip came back from it."""
    count, built_for, available, problem = (facts[key] for key in NEEDS)
    if not count and not problem:
        return not_applicable("No NVIDIA GPU is listed here.")
    if available is True and not problem:
        return ok(f"torch uses CUDA {built_for}: 64 MiB went to the device and back unharmed.")
    evidence = (
        f"GPUs listed by the driver: {count}",
        f"torch built for CUDA {built_for or 'none'}; torch.cuda.is_available(): {available}",
        f"round trip of 64 MiB: {problem or 'not tried'}",
    )
    remedy = Remedy(
        "Install a build of torch for CUDA that the driver supports, and give the process the device.",
        ("nvidia-smi", 'python -c "import torch; print(torch.version.cuda)"', "echo $CUDA_VISIBLE_DEVICES"),
    )
    why = "torch is built without CUDA" if not built_for else problem or "torch finds no device"
    listed = "1 GPU is" if count == 1 else f"{count or 0} GPUs are"
    return fail(f"{listed} listed and torch cannot use any: {why}.", evidence, remedy)

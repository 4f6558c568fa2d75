"""There is a GPU, and torch cannot use it.

What it means
-------------
The driver lists a GPU, but torch was built without CUDA, finds no device, or failed when it first used the
device or copied memory there and back: it is full, kept for one process (exclusive mode), or unwell.

Why it matters
--------------
Training runs on the CPU, often without a word; or it stops at the first `.cuda()`.

How to fix
----------
A build of torch for CUDA, a driver that is new enough for it, and a container that is given the device
(`--gpus all`). An empty CUDA_VISIBLE_DEVICES hides every GPU. Where torch finds the GPU and fails on it:
another one, or whoever holds it ends.

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
NEEDS = (
    "gpu.count",
    "torch.cuda_version",
    "torch.hip_version",
    "torch.cuda_available",
    "trial.cuda_problem",
    "trial.cuda_pin_problem",
)
FIRES = dict(zip(NEEDS, (1, "12.6", None, False, "RuntimeError: CUDA unknown error", None), strict=True))
SILENT = dict(zip(NEEDS, (1, "12.6", None, True, None, None), strict=True))
_FIND = Remedy(
    "Install a build of torch for CUDA that the driver supports, and give the process the device.",
    ("nvidia-smi", 'python -c "import torch; print(torch.version.cuda)"', "echo $CUDA_VISIBLE_DEVICES"),
)
_FREE = Remedy(
    "See who holds the GPU, whether it is kept for one process, and what the driver says of it.",
    (
        "nvidia-smi",
        "nvidia-smi -q -d COMPUTE,ECC,MEMORY",
        "sudo dmesg | grep -iE 'nvrm|xid|amdgpu' | tail -20",
        "export CUDA_VISIBLE_DEVICES=1  # another GPU, where there is one",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where a GPU is listed and no round trip came back from it."""
    count, cuda, hip, available, problem, pin_problem = (facts[key] for key in NEEDS)
    built_for = f"CUDA {cuda}" if cuda else f"ROCm {hip}" if hip else "the CPU alone"
    if available is True and not problem:
        if pin_problem:
            return ok(f"torch uses {built_for}; no memory went there and back, for it could not be pinned.")
        return ok(f"torch uses {built_for}: 64 MiB went to the device and back unharmed.")
    if not count and not problem:
        return not_applicable("nvidia-smi lists no NVIDIA GPU here, and torch finds none.")
    evidence = (
        f"GPUs listed by nvidia-smi: {'not told' if count is None else count}",
        f"torch built for {built_for}; torch.cuda.is_available(): {available}",
        f"round trip of 64 MiB: {problem or 'not tried'}",
    )
    if available is True:
        return fail(f"torch sees a GPU and failed to use it: {problem}.", evidence, _FREE)
    why = problem or ("torch finds no device" if cuda or hip else "torch is built without CUDA")
    return fail(f"There is a GPU, and torch finds none that it can use: {why}.", evidence, _FIND)

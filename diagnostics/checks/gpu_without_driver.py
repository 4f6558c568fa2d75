"""There is an NVIDIA card, and no driver answers for it.

What it means
-------------
The PCI bus shows a card, or nvidia-smi is installed; but nvidia-smi fails, stands still, or is not there. The
driver is missing, does not fit its own library, or this container was not given the card.

Why it matters
--------------
torch finds no GPU: `torch.cuda.is_available()` is False, and training runs on the CPU, often without a word.

How to fix
----------
In a container: start it with the card (`docker run --gpus all`, `nvidia.com/gpu: 1` in Kubernetes).
"Driver/library version mismatch": the driver was updated under a running system; restart it, or load the
module anew. Otherwise install the driver, and see what the kernel says of it.

When it is fine
---------------
When only the CPU is meant to be used.

References
----------
NVIDIA Container Toolkit documentation; nvidia-smi(1), return value.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn

CODE = "GP109"
SLUG = "gpu-without-driver"
TITLE = "There is a GPU, and no driver answers for it"
NEEDS = ("gpu.pci_count", "gpu.driver_problem")
FIRES = dict(zip(NEEDS, (1, "nvidia-smi ended with 18: Driver/library version mismatch"), strict=True))
SILENT = dict(zip(NEEDS, (1, None), strict=True))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where nvidia-smi says that something is wrong; warn where it is not there and a card is."""
    cards, problem = (facts[key] for key in NEEDS)
    if problem is None:
        if not cards:
            return not_applicable("There is no NVIDIA card here.")
        return ok(f"nvidia-smi answers for the {cards:g} NVIDIA cards on the PCI bus.")
    if cards == 0:
        return not_applicable("nvidia-smi is installed, and there is no NVIDIA card on the PCI bus.")
    remedy = Remedy(
        "Give the container the card, or mend the driver.",
        ("docker run --gpus all …", "nvidia-smi", "sudo dmesg | grep -iE 'nvidia|nvrm' | tail -20"),
    )
    seen = "not read" if cards is None else f"{cards:g}"
    evidence = (f"NVIDIA cards on the PCI bus: {seen}", f"nvidia-smi, asked 1 time: {problem}")
    verdict = warn if "not on PATH" in str(problem) else fail
    return verdict("No driver answers for the NVIDIA card here.", evidence, remedy, "likely")

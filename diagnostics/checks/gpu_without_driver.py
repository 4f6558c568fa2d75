"""There is an NVIDIA card, and no driver answers for it.

What it means
-------------
The PCI bus shows a card, or nvidia-smi is installed; but nvidia-smi fails, stands still, or is not there, and
no memory was copied to a GPU and back. The driver is missing, does not fit its own library, or this container
was not given the card.

Why it matters
--------------
torch finds no GPU: `torch.cuda.is_available()` is False, and training runs on the CPU, often without a word.

How to fix
----------
In a container: start it with the card (`docker run --gpus all`, `nvidia.com/gpu: 1` in Kubernetes) and with
the driver's tools (`NVIDIA_DRIVER_CAPABILITIES=compute,utility`).
"Driver/library version mismatch": the driver was updated under a running system; restart it, or load the
module anew. Otherwise install the driver, and see what the kernel says of it.

When it is fine
---------------
When only the CPU is meant to be used. With `--quick` nothing is tried: a container that has the driver's CUDA
and not its tools is told too.

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
NEEDS = ("gpu.count", "gpu.pci_count", "gpu.driver_problem")
FIRES = dict(zip(NEEDS, (None, 1, "nvidia-smi ended with 18: Driver/library version mismatch"), strict=True))
SILENT = dict(zip(NEEDS, (1, 8, None), strict=True))  # a container was given one of the machine's cards


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where nvidia-smi says that something is wrong; warn where it is not there and a card is."""
    count, cards, problem = (facts[key] for key in NEEDS)
    on_bus = f"{cards} NVIDIA {'card' if cards == 1 else 'cards'} on the PCI bus"
    if problem is None and count:
        return ok(f"nvidia-smi answers for {count} NVIDIA {'GPU' if count == 1 else 'GPUs'}.")
    if problem is None and cards:
        return ok(f"torch reaches the driver, and nvidia-smi does not or is not there; {on_bus}.")
    if problem is None:
        return not_applicable("nvidia-smi lists no NVIDIA GPU, and no NVIDIA card is seen on a PCI bus.")
    if cards == 0:
        return not_applicable("nvidia-smi is installed, and there is no NVIDIA card on the PCI bus.")
    remedy = Remedy(
        "Give the container the card, or mend the driver.",
        (
            "docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility …",
            "nvidia-smi",
            "sudo dmesg | grep -iE 'nvidia|nvrm' | tail -20",
        ),
    )
    seen = "not read" if cards is None else cards
    evidence = (f"NVIDIA cards on the PCI bus: {seen}", f"nvidia-smi, asked 1 time: {problem}")
    if "not on PATH" in str(problem):
        summary = f"nvidia-smi, which comes with the driver, is not there for the {on_bus}."
        return warn(summary, evidence, remedy, "likely")
    on_what = "it" if cards is None else f"for the {on_bus}"
    return fail(f"nvidia-smi is there, and no driver answers {on_what}.", evidence, remedy, "likely")

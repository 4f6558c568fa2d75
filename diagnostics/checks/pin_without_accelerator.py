"""pin_memory is set, and there is no accelerator.

What it means
-------------
Pinned memory serves the copy to a GPU. Without one, torch ignores the option and warns.

Why it matters
--------------
It does no harm; it may tell that the GPU you expected is not seen.

How to fix
----------
Tie it to the device.

When it is fine
---------------
Always, on a CPU.

References
----------
PyTorch documentation, torch.utils.data, "Memory Pinning".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised

CODE = "DL266"
SLUG = "pin-without-accelerator"
TITLE = "pin_memory is set without an accelerator"
LOG_FIRES = (
    "UserWarning: 'pin_memory' argument is set as true but no accelerator is found, then "
    "device pinned memory won't "
    "be used.\n",
    "dataloader.py:692: UserWarning: 'pin_memory' argument is set as true but not "
    "supported on MPS now, then device "
    "pinned memory won't be used.\n",
)
LOG_SILENT = ("RuntimeError: Pin memory thread exited unexpectedly\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's warning."""
    found = phrase(trace, r"'?pin_memory'? argument is set as true but")
    if found is None:
        return None
    remedy = Remedy("Tie it to the device.", ("DataLoader(..., pin_memory=torch.cuda.is_available())",))
    return recognised(
        found,
        "pin_memory=True has no effect here: no accelerator that it serves was found.",
        remedy,
        Role.REMARK,
        43,
        "certain",
    )

"""torch's helper for shared memory cannot start.

What it means
-------------
With the file_system strategy, a small program (torch_shm_manager, inside the torch package) keeps track of
shared files. It was not found, may not be executed, or lacks a library.

Why it matters
--------------
No tensor can cross from a worker.

How to fix
----------
Reinstall torch, see which library the program lacks, and make sure that its folder allows execution; or use
the file_descriptor strategy, which needs no helper.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.multiprocessing, "File system - file_system".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL212"
SLUG = "torch-shm-manager-failed"
TITLE = "torch_shm_manager cannot start"
_BY_DESCRIPTOR = 'torch.multiprocessing.set_sharing_strategy("file_descriptor")'
LOG_FIRES = (
    "RuntimeError: error executing torch_shm_manager at "
    '"/usr/local/lib/python3.7/site-packages/torch/bin/torch_shm_manager" at '
    "../torch/lib/libshm/core.cpp:99\n",
    "RuntimeError: torch_shm_manager: Permission denied\n",
)
LOG_SILENT = ("RuntimeError: unable to open shared memory object </torch_1_2> in read-write mode\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the helper's name in an error."""
    found = phrase(
        trace,
        r"(?:error|no response|executing|could not|failed|denied)[^.]{0,80}torch_shm_manager"
        r"|torch_shm_manager\b[^.]{0,160}(?:error|could not|denied|not found|[Nn]o such"
        r"|failed|No space|core\.cpp)|libshm/(?:core|manager)",
    )
    if found is None:
        return None
    is_mac = trace.platform.os_name == "Darwin"
    helper = '$(python -c "import torch, os; print(os.path.dirname(torch.__file__))")/bin/torch_shm_manager'
    # macOS has no other strategy than sharing by name, with this helper.
    instead = "DataLoader(..., num_workers=0)" if is_mac else _BY_DESCRIPTOR
    if trace.find("(?i)manager connection has timed out|no response from torch_shm_manager"):
        summary = "torch_shm_manager, which keeps track of shared memory, did not answer in time."
        remedy = Remedy(
            "Do without the helper, and see what keeps it from answering: load, or a slow disk.",
            (instead, "uptime; df -h /tmp /dev/shm"),
        )
        return recognised(found, summary, remedy, score=84)
    remedy = Remedy(
        "See what the helper lacks, reinstall torch, or do without it.",
        (
            f"{'otool -L' if is_mac else 'ldd'} {helper}",
            instead,
            "python -m pip install --force-reinstall torch",
        ),
    )
    return recognised(
        found, "torch_shm_manager, which keeps track of shared memory, cannot run.", remedy, score=84
    )

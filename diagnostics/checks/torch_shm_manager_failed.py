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
    remedy = Remedy(
        "See what the helper lacks, reinstall torch, or share by descriptor.",
        (
            'ldd $(python -c "import torch, os; '
            'print(os.path.dirname(torch.__file__))")/bin/torch_shm_manager',
            'torch.multiprocessing.set_sharing_strategy("file_descriptor")',
            "python -m pip install --force-reinstall torch",
        ),
    )
    return recognised(
        found, "torch_shm_manager, which keeps track of shared memory, cannot run.", remedy, score=84
    )

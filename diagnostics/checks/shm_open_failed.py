"""A shared-memory object cannot be opened.

What it means
-------------
Tensors cross from workers through files in /dev/shm. One of them could not be opened or made. Old torch
versions do not say why; most often the limit on open files is reached, then /dev/shm is full or gone.

Why it matters
--------------
The batch is lost and the loop ends.

How to fix
----------
Raise the limit on open files first, then look at the size of /dev/shm. With the file_system strategy, a
process that died may also have taken its files along: look for an earlier error.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.multiprocessing, "Sharing strategies".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL210"
SLUG = "shm-open-failed"
TITLE = "A shared-memory object cannot be opened"
_WORDS = (
    r"[Uu]nable to open shared memory object <?/?[\w.-]*>? ?(?:in [\w-]+ mode)?"
    r"|unable to open file </?torch_[\w-]+>? in read-write mode"
    r"|could not unlink the shared memory file"
)
LOG_FIRES = (
    "RuntimeError: unable to open shared memory object </torch_29919_1396182366> in read-write mode\n",
    "RuntimeError: unable to open shared memory object </torch_12_99> in read-write mode: "
    "No such file or directory (2)\n",
)
LOG_SILENT = (
    "RuntimeError: unable to open shared memory object </torch_12_99> in read-write mode: "
    "Too many open files (24)\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the failed open, other than by the limit on files."""
    found = phrase(trace, _WORDS)
    if found is None or "Too many open files" in found.lines[-1].text:
        return None
    look = ("df -h /dev/shm",) if trace.platform.os_name in {"Linux", ""} else ()
    remedy = Remedy(
        "Raise the limit on open files, share by file name, then look at /dev/shm.",
        ("ulimit -n 65536", 'torch.multiprocessing.set_sharing_strategy("file_system")', *look),
    )
    summary = "A shared-memory file could not be opened: look at the limit on open files, then at /dev/shm."
    return recognised(found, summary, remedy, score=70, confidence="likely")

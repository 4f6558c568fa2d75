"""A shared-memory object cannot be opened.

What it means
-------------
Tensors cross from workers through files in /dev/shm. One of them could not be opened or made. The number at
the end of the message tells why; old torch versions do not write it: most often the limit on open files is
reached, then /dev/shm is full or gone.

Why it matters
--------------
The batch is lost and the loop ends.

How to fix
----------
Without a number raise the limit on open files first, then look at the size of /dev/shm. "No such file" (2)
comes of sharing by name, the file_system strategy: a process that ended took its files along.

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


_LIMIT = Remedy(
    "Raise the limit on open files, share by file name, then look at /dev/shm.",
    ("ulimit -n 65536", 'torch.multiprocessing.set_sharing_strategy("file_system")', "df -h /dev/shm"),
)
_LIMIT_ON_MAC = Remedy(
    "Raise the limit on open files, or load in the main process.",
    ("ulimit -n 65536", "DataLoader(..., num_workers=0)"),
)
_BY_NAME = Remedy(
    "Look at /dev/shm and for an earlier error; where you can, share by descriptor instead of by name.",
    (
        "df -h /dev/shm",
        'torch.multiprocessing.set_sharing_strategy("file_descriptor")  # with ulimit -n 65536',
    ),
)
_GONE = Remedy(
    "Share by descriptor instead of by name, and look for an earlier error of a worker.",
    (
        'torch.multiprocessing.set_sharing_strategy("file_descriptor")  # the default on Linux',
        "ulimit -n 65536  # which that needs",
        "pgrep -a torch_shm_manag  # removes the files of processes that end",
    ),
)
_GONE_ON_MAC = Remedy(
    "Look for an earlier error of a worker; keep workers over the epoch's end, or load in the main process.",
    ("DataLoader(..., persistent_workers=True)", "DataLoader(..., num_workers=0)"),
)
_DENIED = Remedy(
    "Make /dev/shm writable for whoever trains.",
    ("ls -ld /dev/shm  # drwxrwxrwt is right", "sudo chmod 1777 /dev/shm", "grep /dev/shm /proc/mounts"),
)
_EXISTS = Remedy(
    "Give each container its own shared memory, and remove what dead trainings left there.",
    ("docker run --shm-size=8g …  # rather than --ipc=host", "ls -l /dev/shm/torch_*"),
)
_STRATEGY = r"rebuild_storage_filename|_new_shared_filename|set_sharing_strategy\(.{0,2}file_system"
_STRATEGY += r"|sharing_strategy\W{1,3}file_system"


def recognise(trace: Trace) -> Recognition | None:
    """Look for the failed open, other than by the limit on files."""
    found = phrase(trace, _WORDS)
    if found is None or "Too many open files" in found.lines[-1].text:
        return None
    summary, remedy = _reason(trace, found.lines[-1].text)
    return recognised(found, summary, remedy, score=70, confidence="likely")


def _has_errno(said: str, number: int, words: str) -> bool:
    return words in said or f"({number})" in said


def _reason(trace: Trace, said: str) -> tuple[str, Remedy]:
    """Tell by the error's number, where it is written, why the file could not be opened."""
    if _has_errno(said, 2, "No such file"):
        remedy = _GONE_ON_MAC if trace.platform.os_name == "Darwin" else _GONE
        return (
            "A shared-memory file was removed before it was opened: whoever held it has ended.",
            remedy,
        )
    if _has_errno(said, 13, "Permission denied") or _has_errno(said, 30, "Read-only"):
        return "/dev/shm does not let you make or open files.", _DENIED
    if _has_errno(said, 17, "File exists"):
        return "A shared-memory file of that name exists: another container's, or a dead process'.", _EXISTS
    if trace.platform.os_name == "Darwin":
        return "A shared-memory object could not be opened: look at the limit on open files.", _LIMIT_ON_MAC
    if trace.find_line(_STRATEGY):
        return "A shared-memory file, shared by name, could not be opened.", _BY_NAME
    return (
        "A shared-memory file could not be opened: look at the limit on open files, then at /dev/shm.",
        _LIMIT,
    )

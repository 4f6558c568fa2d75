"""The open-files limit is low for tensors that are shared by file descriptor.

What it means
-------------
On Linux torch hands tensors from process to process as open file descriptors. Each tensor of each batch
that is alive takes one, and so do the queues and pipes of each worker.

Why it matters
--------------
At the limit the loader dies of "received 0 items of ancdata", "Too many open files" (Errno 24) or "unable
to open shared memory object", far from the place that used them up.

How to fix
----------
Raise the limit in the shell or container that starts training, copy tensors that you keep from batch to
batch (`.clone()`), or share by name with `torch.multiprocessing.set_sharing_strategy("file_system")`.

When it is fine
---------------
With num_workers=0, or few workers and batches of one or two tensors.

References
----------
PyTorch documentation, "Multiprocessing package", "Sharing strategies"; setrlimit(2), RLIMIT_NOFILE.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.quantities import format_quantity
from diagnostics.traces.clues import Clue, Recognition, Trace, cut_in, has, phrase, recognised

CODE = "DL102"
SLUG = "fd-exhausted"
TITLE = "The open-files limit is low for loader workers"
NEEDS = (
    "system.os_name",
    "limits.open_files_soft_count",
    "limits.open_files_hard_count",
    "cpu.usable_cores",
)
FIRES = dict(zip(NEEDS, ("Linux", 64, 4096, 2), strict=True))
SILENT = dict(zip(NEEDS, ("Linux", 1024, 1048576, 8), strict=True))
LOG_FIRES = (
    "RuntimeError: received 0 items of ancdata\n",
    "OSError: [Errno 24] Too many open files: '/home/user/data/7.jpg'\n",
)
LOG_SILENT = (
    "RuntimeError: unable to open shared memory object </torch_1_2> in read-write mode\n",
    "gateway.tasks - ERROR - cleanup: [Errno 24] Too many open files: '/dev/null'\n",
)

# torch 2.13 with 4 workers had 28 descriptors open before any tensor was kept; CUDA, data and logs add more.
OWN_DESCRIPTORS = 128
PREFETCH = 2  # torch's default prefetch_factor
TENSORS_OF_A_BATCH = 16  # a batch that is a dictionary of fields: a tokenised or a detection sample
WANTED_LIMIT = 65536  # what Docker and systemd services commonly set


def wanted_descriptors(cores: float) -> int:
    """Count descriptors for one worker a core, with batches ahead of many tensors each."""
    return OWN_DESCRIPTORS + int(cores * PREFETCH * TENSORS_OF_A_BATCH)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the soft limit with what one worker a core may need."""
    os_name, soft, hard, cores = (facts[key] for key in NEEDS)
    if os_name != "Linux":
        return not_applicable(f"torch shares tensors by name on {os_name}, which holds no descriptors.")
    if soft is None:
        return ok("You may open any number of files: there is no limit.")
    wanted = wanted_descriptors(cores or 1)
    limit, need = format_quantity(soft, "count"), format_quantity(wanted, "count")
    if soft >= wanted:
        return ok(f"You may open {limit} files; one worker a core needs up to about {need}.")
    target = WANTED_LIMIT if hard is None else int(min(hard, WANTED_LIMIT))
    raise_it = (
        (f"ulimit -n {target}",)
        if target > soft
        else (
            f"docker run --ulimit nofile={WANTED_LIMIT} …",
            f"sudo prlimit --pid $$ --nofile={WANTED_LIMIT}",
        )
    )
    remedy = Remedy(
        "Raise the limit before you start training, or share tensors by name.",
        (*raise_it, 'torch.multiprocessing.set_sharing_strategy("file_system")'),
    )
    evidence = (f"soft limit: {limit} (RLIMIT_NOFILE)", f"wanted: {need} for {cores or 1:g} workers")
    verdict = fail if soft < OWN_DESCRIPTORS else warn
    return verdict(f"You may open {limit} files; workers may need {need}.", evidence, remedy, "likely")


_OF_THE_SYSTEM = r"open files in system|\[Errno 23\]|\(23\)"
_MACHINE = Remedy(
    "See who holds files open on this machine; its limit counts them all, and only root raises it.",
    ("cat /proc/sys/fs/file-nr  # open, unused, limit", "sudo sysctl -w fs.file-max=2097152"),
)
_NOT_TORCHS = Remedy(
    "Raise the limit, use fewer workers, and see what is opened again and again and never closed.",
    ("ulimit -n 65536", "ls -l /proc/PID/fd | tail  # while it trains"),
)


def _is_pythons(found: Clue) -> bool:
    """Tell an error of Python's own from a line, or a library's error, of some other program."""
    error = found.error
    return error is not None and (bool(error.frames) or error.type in {"OSError", "RuntimeError"})


def recognise(trace: Trace) -> Recognition | None:
    """Look for errno 24, or for descriptors that did not arrive."""
    words = r"received (?:\d+|%d) items of ancdata|Too many open files|\[Errno 24\]|EMFILE|os error 24\b"
    found = phrase(trace, words) or cut_in(trace, r"^(?:recvfds|recv_handle):")
    if found is None or not (trace.is_training or _is_pythons(found) or has(found, "ancdata")):
        return None
    if has(found, _OF_THE_SYSTEM):
        return recognised(
            found, "The system's limit on open files is reached (errno 23).", _MACHINE, score=86
        )
    if trace.is_of_another_framework:
        return recognised(found, "The limit on open files is reached (errno 24).", _NOT_TORCHS, score=86)
    remedy = Remedy(
        "Raise the limit, share tensors by name, and copy what you keep of a batch.",
        (
            "ulimit -n 65536",
            'torch.multiprocessing.set_sharing_strategy("file_system")',
            "kept.append(batch.clone())",
        ),
    )
    holds = ": each tensor from a worker holds a descriptor" if trace.mentions_loader else ""
    summary = f"The limit on open files is reached (errno 24){holds}."
    return recognised(found, summary, remedy, score=86)

"""Shared memory is too small for the batches that workers hand over.

What it means
-------------
Loader workers put every batch into /dev/shm. Containers get 64 MiB of it unless told otherwise.

Why it matters
--------------
When it is full, a worker dies of a bus error ("this might be caused by insufficient shared memory"), of "No
space left on device", or simply "exited unexpectedly". A batch of 64 colour images of 224 x 224 pixels as
float32 takes 37 MiB, and each worker keeps two ahead.

How to fix
----------
Start the container with more (`docker run --shm-size=8g` or `--ipc=host`; in Kubernetes mount an emptyDir
with `medium: Memory` at /dev/shm), or use fewer workers, smaller batches, uint8 instead of float32.

When it is fine
---------------
With num_workers=0, or where workers x prefetch_factor x bytes of a batch stay well below what is free.

References
----------
Docker documentation, "docker run --shm-size"; PyTorch README, "Docker Image".
NVIDIA NGC containers, which ask for --shm-size=1g when they start.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.quantities import GIB, MIB, format_quantity
from diagnostics.traces.clues import Recognition, Trace, death, has, recognised
from diagnostics.traces.remedies import more_shared_memory
from diagnostics.traces.shared_memory import find_exhausted

CODE = "DL101"
SLUG = "shm-exhausted"
TITLE = "/dev/shm is too small for loader workers"
NEEDS = ("system.os_name", "shm.total_bytes", "shm.free_bytes")
FIRES = {"system.os_name": "Linux", "shm.total_bytes": 64 * MIB, "shm.free_bytes": 64 * MIB}
SILENT = {"system.os_name": "Linux", "shm.total_bytes": 8 * GIB, "shm.free_bytes": 7 * GIB}
LOG_FIRES = (
    "RuntimeError: DataLoader worker (pid 46794) is killed by signal: Bus error. It is "
    "possible that dataloader's "
    "workers are out of shared memory. Please try to raise your shared memory limit.\n",
    "RuntimeError: unable to write to file </torch_18692_1954506624>: No space left on device (28)\n",
)
LOG_SILENT = (
    'Traceback (most recent call last):\n  File "/home/user/train.py", line 88, in '
    "<module>\n    torch.save(net, p)\n"
    '  File "/opt/lib/site-packages/torch/serialization.py", line 440, in save\n    _save(obj)\n'
    "OSError: [Errno 28] No space left on device\n",
)

DOCKER_SHM_BYTES = 64 * MIB  # Docker's default --shm-size
ROOMY_SHM_BYTES = GIB  # what NVIDIA's containers ask for; 13 workers with two batches of 37 MiB each

_ENLARGE = Remedy(
    "Give the container more shared memory, or share the host's.",
    ("docker run --shm-size=8g …", "docker run --ipc=host …", "sudo mount -o remount,size=8g /dev/shm"),
)
_MAKE = Remedy(
    "Mount it, or load in the main process.",
    ("sudo mount -t tmpfs -o size=8g tmpfs /dev/shm", "DataLoader(..., num_workers=0)"),
)
_CLEAR = Remedy(
    "See which files fill it; segments of a training that died may be deleted once nothing uses them.",
    ("ls -lhS /dev/shm | head", "sudo fuser -v /dev/shm/*"),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare size and free space with Docker's default and with a comfortable size."""
    total, free = facts["shm.total_bytes"], facts["shm.free_bytes"]
    if facts["system.os_name"] != "Linux" or total is None:
        return not_applicable("There is no /dev/shm with a size of its own on this platform.")
    left = total if free is None else free
    size, room = format_quantity(total, "bytes"), format_quantity(left, "bytes")
    evidence = (f"/dev/shm: {size} in all, {room} free",)
    if not total:
        return fail("/dev/shm is not there, or has 0 bytes: no batch can be handed over.", evidence, _MAKE)
    if total <= DOCKER_SHM_BYTES:
        return fail(f"/dev/shm has {size}: two workers fill it with ordinary batches.", evidence, _ENLARGE)
    if total < ROOMY_SHM_BYTES:
        return warn(f"/dev/shm has {size}: large batches can fill it.", evidence, _ENLARGE, "likely")
    if left <= DOCKER_SHM_BYTES:
        return warn(f"/dev/shm is nearly full: {room} of {size} are free.", evidence, _CLEAR)
    return ok(f"/dev/shm has {room} free of {size}: room for many workers.")


def recognise(trace: Trace) -> Recognition | None:
    """Look for a bus error of a worker, or for want of space where shared memory is made."""
    found = find_exhausted(trace)
    if found is None:
        return None
    remedy = Remedy(
        "Give more shared memory; or fewer workers and smaller batches.", more_shared_memory(trace.platform)
    )
    summary = "/dev/shm is full: the shared memory of loader workers, 64 MiB in a container by default."
    if has(found, r"File too large|\(27\)"):
        summary = "A limit on the size of files (ulimit -f) keeps workers from writing to shared memory."
        remedy = Remedy("Lift the limit before the training starts.", ("ulimit -f unlimited",))
        return recognised(found, summary, remedy, score=78)
    if trace.platform.os_name == "Darwin" and has(found, "(?i)bus error"):
        return None  # nothing there that could be too small
    if "signal" in found.lines[-1].text or "bus error" in found.lines[-1].text.lower():
        return death(found, summary, remedy, 78)
    return recognised(found, summary, remedy, score=78)

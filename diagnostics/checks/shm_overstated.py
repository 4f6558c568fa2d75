"""Less shared memory can be had than is reported free.

What it means
-------------
A file was written to /dev/shm up to a quarter of what it reports free (at most 1 GiB), and was refused
before. Quotas, and memory limits that count shared memory too, do not show in `df`; neither does a folder
that may only be read.

Why it matters
--------------
Workers hand over batches through /dev/shm. One that is refused there dies of a bus error.

How to fix
----------
A larger /dev/shm (`--shm-size`, an emptyDir of medium Memory) or memory limit; until then fewer workers,
smaller batches or a smaller prefetch_factor.

When it is fine
---------------
With num_workers=0.

References
----------
Linux manual, shm_overview(7); Docker documentation, --shm-size.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok
from diagnostics.quantities import format_quantity

CODE = "MC105"
SLUG = "shm-overstated"
TITLE = "Less shared memory can be had than is reported"
NEEDS = ("trial.shm_asked_bytes", "trial.shm_written_bytes", "trial.shm_problem")
FIRES = dict(zip(NEEDS, (1 << 30, 200 << 20, "No space left on device (errno 28)"), strict=True))
SILENT = dict(zip(NEEDS, (1 << 30, 1 << 30, None), strict=True))

_NOT_ALLOWED = (1, 13, 30)  # EPERM, EACCES, EROFS
_OPEN_UP = Remedy(
    "Make /dev/shm writable for everybody; until then load in the main process.",
    (
        "ls -ld /dev/shm; grep /dev/shm /proc/mounts",
        "sudo mount -o remount,rw,mode=1777 /dev/shm",
        "DataLoader(..., num_workers=0)",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare what was written with what was asked for."""
    asked, written, problem = (facts[key] for key in NEEDS)
    if asked is None or written is None:
        return not_applicable("This platform does not share memory through /dev/shm.")
    had, wanted = (format_quantity(value, "bytes") for value in (written, asked))
    if written >= asked and not problem:
        return ok(f"{had} of shared memory could be written, a safe share of what is free.")
    evidence = (f"asked for {wanted} in /dev/shm, written {had}: {problem or 'no reason given'}",)
    if any(f"(errno {number})" in str(problem) for number in _NOT_ALLOWED):
        return fail(
            f"Nothing can be written to /dev/shm, which reports {wanted} and more.", evidence, _OPEN_UP
        )
    remedy = Remedy(
        "Give the container more shared memory and memory; until then load with fewer workers.",
        (
            "docker run --shm-size=8g ...",
            "DataLoader(..., num_workers=1, prefetch_factor=2)",
            "df -h /dev/shm",
        ),
    )
    return fail(f"Of {wanted} that /dev/shm reports free, {had} could be had.", evidence, remedy)

"""Trial: how much of the shared memory that is reported free can really be had. Run by path in a child.

A file without a name is made in /dev/shm, as torch's tensors are that go between processes, allocated and
written up to a safe share of what is free; it is gone when this process is, however it ends.
"""

import json
import os
import tempfile
import time
from typing import Any

FOLDER = "/dev/shm"
SAFE_SHARE = 0.25  # of what is free there and in memory
MOST_BYTES = 1 << 30
BLOCK = bytes(8 << 20)


def available_bytes() -> int | None:
    """Return the memory that the kernel would give to new work, None where it does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as meminfo:  # noqa: PTH123  this file stands alone
            found = [int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable:")]
    except OSError:
        return None
    return 1024 * found[0] if found else None


def filled(folder: str, asked: int) -> tuple[int, float, str | None]:
    """Write so many bytes to shared memory; return how many went in, seconds, and the refusal."""
    written, starts = 0, time.perf_counter()
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            while written < asked:
                size = min(len(BLOCK), asked - written)
                os.posix_fallocate(file.fileno(), written, size)  # refused rather than killed when it is full
                written += os.pwrite(file.fileno(), BLOCK[:size], written)
        except OSError as error:
            return written, time.perf_counter() - starts, f"{error.strerror} (errno {error.errno})"
    return written, time.perf_counter() - starts, None


def measured(folder: str) -> dict[str, Any]:
    """Return the facts; null where the platform shares memory in another way.

    None at all where there is no room to try: that less than a block goes in proves nothing.
    """
    asked = written = seconds = problem = None
    if os.path.isdir(folder) and hasattr(os, "posix_fallocate"):  # noqa: PTH112  this file stands alone
        space = os.statvfs(folder)
        free = [space.f_bavail * space.f_frsize, available_bytes() or MOST_BYTES]
        if room := os.environ.get("TRIAL_ROOM_BYTES"):  # it counts against the control group's limit
            free.append(int(room))
        asked = min(MOST_BYTES, int(SAFE_SHARE * min(free)))
        try:
            written, seconds, problem = filled(folder, asked)
        except OSError as error:
            written, problem = 0, f"{error.strerror} (errno {error.errno})"
        if asked < len(BLOCK) and not problem:
            return {}
    values = {
        "trial.shm_asked_bytes": (asked, "bytes"),
        "trial.shm_written_bytes": (written, "bytes"),
        "trial.shm_write_seconds": (seconds, "seconds"),
        "trial.shm_problem": (problem, ""),
    }
    source = f"a file in {folder}, up to {SAFE_SHARE:.0%} of what is free"
    return {key: {"value": value, "unit": unit, "source": source} for key, (value, unit) in values.items()}


if __name__ == "__main__":
    print(json.dumps({"facts": measured(FOLDER)}))

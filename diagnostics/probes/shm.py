"""Shared memory: the size of /dev/shm and what is left of it."""

import platform
import shutil
import sys
from pathlib import Path

from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt


def read(root: Path) -> Facts:
    """Read /dev/shm; elsewhere than on Linux shared memory has no such size: None.

    A Linux without /dev/shm has none of it: 0 bytes.
    """
    if sys.platform != "linux":
        source = f"no /dev/shm on {platform.system()}"
        return {f"shm.{name}_bytes": Fact(None, "bytes", source) for name in ("total", "used", "free")}
    if not (root / "dev/shm").is_dir():
        source = "/dev/shm is not there"
        return {f"shm.{name}_bytes": Fact(0, "bytes", source) for name in ("total", "used", "free")}
    usage = attempt(lambda: shutil.disk_usage(root / "dev/shm"))
    if usage is None:
        return {}
    return {
        f"shm.{name}_bytes": Fact(getattr(usage, name), "bytes", "/dev/shm")
        for name in ("total", "used", "free")
    }

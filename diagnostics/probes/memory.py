"""Memory: what there is, what is free, and the limit of the control group."""

import platform
import sys
from pathlib import Path

import psutil

from diagnostics.cgroups import memory_limit_bytes
from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt


def read(root: Path) -> Facts:
    """Read memory, swap and the cgroup's memory limit."""
    facts: Facts = {}
    if memory := attempt(psutil.virtual_memory):
        facts["memory.total_bytes"] = Fact(memory.total, "bytes", "psutil.virtual_memory")
        facts["memory.available_bytes"] = Fact(memory.available, "bytes", "psutil.virtual_memory")
    if sys.platform == "linux":
        limit = memory_limit_bytes(root)
    else:
        limit = (None, f"no memory control group on {platform.system()}")
    if limit is not None:
        facts["memory.cgroup_limit_bytes"] = Fact(limit[0], "bytes", limit[1])
    if swap := attempt(psutil.swap_memory):
        facts["memory.swap_bytes"] = Fact(swap.total, "bytes", "psutil.swap_memory")
    return facts

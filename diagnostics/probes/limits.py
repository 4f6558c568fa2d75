"""Limits of this process: open files, processes, memory maps."""

import platform
import sys
from functools import partial
from pathlib import Path

from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt, read_text

_RESOURCES = {"open_files": "RLIMIT_NOFILE", "processes": "RLIMIT_NPROC"}


def _read_limit(constant: str) -> tuple[int | None, ...]:
    import resource

    pair = resource.getrlimit(getattr(resource, constant))
    return tuple(None if value == resource.RLIM_INFINITY else value for value in pair)


def _resource_facts() -> Facts:
    if sys.platform == "win32":
        source = f"no such limit on {platform.system()}"
        return {
            f"limits.{name}_{side}_count": Fact(None, "count", source)
            for name in _RESOURCES
            for side in ("soft", "hard")
        }
    facts: Facts = {}
    for name, constant in _RESOURCES.items():
        pair = attempt(partial(_read_limit, constant))
        for side, value in zip(("soft", "hard"), pair or (), strict=False):
            facts[f"limits.{name}_{side}_count"] = Fact(value, "count", f"getrlimit {constant}")
    return facts


def read(root: Path) -> Facts:
    """Read the resource limits, and vm.max_map_count where there is one."""
    facts = _resource_facts()
    text = read_text(root / "proc/sys/vm/max_map_count") or ""
    if text.isdecimal():
        facts["limits.memory_maps_count"] = Fact(int(text), "count", "/proc/sys/vm/max_map_count")
    return facts

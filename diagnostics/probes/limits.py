"""Limits of this process: open files, processes, address space, memory maps."""

import platform
import sys
from functools import partial
from pathlib import Path

from diagnostics.cgroups import process_limit
from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt, read_text

_RESOURCES = {
    "open_files": ("RLIMIT_NOFILE", "count"),
    "processes": ("RLIMIT_NPROC", "count"),
    "address_space": ("RLIMIT_AS", "bytes"),
}

GROUP_PROCESSES, MEMORY_MAPS = "limits.cgroup_processes_count", "limits.memory_maps_count"


def _read_limit(constant: str) -> tuple[int | None, ...]:
    import resource

    pair = resource.getrlimit(getattr(resource, constant))
    return tuple(None if value == resource.RLIM_INFINITY else value for value in pair)


def _resource_facts() -> Facts:
    if sys.platform == "win32":
        source = f"no such limit on {platform.system()}"
        return {
            f"limits.{name}_{side}_{unit}": Fact(None, unit, source)
            for name, (_, unit) in _RESOURCES.items()
            for side in ("soft", "hard")
        }
    facts: Facts = {}
    for name, (constant, unit) in _RESOURCES.items():
        pair = attempt(partial(_read_limit, constant))
        for side, value in zip(("soft", "hard"), pair or (), strict=False):
            facts[f"limits.{name}_{side}_{unit}"] = Fact(value, unit, f"getrlimit {constant}")
    return facts


def read(root: Path) -> Facts:
    """Read the resource limits, the control group's on processes, and vm.max_map_count where there is one."""
    facts = _resource_facts()
    if sys.platform != "linux":
        nothing = f"no such limit on {platform.system()}"
        facts |= {key: Fact(None, "count", nothing) for key in (GROUP_PROCESSES, MEMORY_MAPS)}
        return facts
    limit, source = process_limit(root) or (None, "no control group that limits processes")
    facts[GROUP_PROCESSES] = Fact(limit, "count", source)
    text = read_text(root / "proc/sys/vm/max_map_count") or ""
    if text.isdecimal():
        facts[MEMORY_MAPS] = Fact(int(text), "count", "/proc/sys/vm/max_map_count")
    return facts

"""The processor: what there is, what this process may use of it, and how busy it is."""

import os
import platform
import sys
from pathlib import Path

import psutil

from diagnostics.cgroups import quota_cores
from diagnostics.children import run_child
from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt, read_text

KILOHERTZ, MEGAHERTZ = 1_000, 1_000_000
SYSCTL_LIMIT_SECONDS = 2.0


def _cpuinfo(root: Path, field: str) -> str | None:
    for line in (read_text(root / "proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip() or None
    return None


def _model_name(root: Path) -> tuple[str | None, str]:
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        outcome = attempt(lambda: run_child(command, SYSCTL_LIMIT_SECONDS))
        return outcome and outcome.stdout.strip(), " ".join(command)
    if sys.platform == "win32":
        return platform.processor(), "platform.processor"
    names = (_cpuinfo(root, field) for field in ("model name", "Model", "cpu model", "Hardware"))
    return next((name for name in names if name), None), "/proc/cpuinfo"


def _affinity() -> tuple[int | None, str]:
    """Count the cores that this process may run on: Linux and Windows tell, macOS has no affinity."""
    if hasattr(os, "sched_getaffinity"):
        return attempt(lambda: len(os.sched_getaffinity(0))), "os.sched_getaffinity"
    if hasattr(psutil.Process, "cpu_affinity"):
        return attempt(lambda: len(psutil.Process().cpu_affinity())), "psutil.Process.cpu_affinity"
    return os.cpu_count(), "os.cpu_count (no affinity on this platform)"


def _core_facts(root: Path) -> Facts:
    affinity, affinity_source = _affinity()
    counted = {
        "cpu.physical_cores": (attempt(lambda: psutil.cpu_count(logical=False)), "psutil.cpu_count"),
        "cpu.logical_cores": (os.cpu_count(), "os.cpu_count"),
        "cpu.affinity_cores": (affinity, affinity_source),
    }
    facts = {key: Fact(value, "cores", source) for key, (value, source) in counted.items() if value}
    quota = quota_cores(root) if sys.platform == "linux" else (None, f"no CPU quota on {platform.system()}")
    if quota is not None:
        facts["cpu.quota_cores"] = Fact(quota[0], "cores", quota[1])
    usable = [cores for cores in (affinity, quota and quota[0]) if cores]
    if usable:
        facts["cpu.usable_cores"] = Fact(min(usable), "cores", "the smaller of affinity and quota")
    return facts


def _frequency_facts(root: Path) -> Facts:
    """Read cpu0 only: the kernel wakes every core that is asked, 10 ms each on some processors."""
    policy = root / "sys/devices/system/cpu/cpu0/cpufreq"
    facts: Facts = {}
    for key, name in (("frequency", "scaling_cur_freq"), ("frequency_max", "cpuinfo_max_freq")):
        text = read_text(policy / name) or ""
        if text.isdecimal():
            facts[f"cpu.{key}_hertz"] = Fact(int(text) * KILOHERTZ, "hertz", f"cpu0/cpufreq/{name}")
    if governor := read_text(policy / "scaling_governor"):
        facts["cpu.governor_name"] = Fact(governor, "", "cpu0/cpufreq/scaling_governor")
    megahertz = attempt(lambda: float(_cpuinfo(root, "cpu MHz") or ""))
    if megahertz:
        facts.setdefault("cpu.frequency_hertz", Fact(megahertz * MEGAHERTZ, "hertz", "/proc/cpuinfo"))
    if sys.platform != "linux" and (measured := attempt(psutil.cpu_freq)):
        facts["cpu.frequency_hertz"] = Fact(measured.current * MEGAHERTZ, "hertz", "psutil.cpu_freq")
    return facts


def read(root: Path) -> Facts:
    """Read model, cores, clock and load."""
    model, source = _model_name(root)
    facts: Facts = {"cpu.model_name": Fact(model, "", source)} if model else {}
    facts |= _core_facts(root) | _frequency_facts(root)
    load = attempt(os.getloadavg) if hasattr(os, "getloadavg") else None
    if load is not None:
        facts["cpu.load_1min"] = Fact(round(load[0], 2), "", "os.getloadavg")
    return facts

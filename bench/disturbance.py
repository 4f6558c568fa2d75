"""What else happened on the machine during a pass: steal, load, quota, heat, clock, the GPU's state."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import gpu_state
from bench.gpu_state import GpuReading, grown
from diagnostics.cgroups import group_directories
from diagnostics.sources import attempt, read_text

STEAL_FRACTION = 0.05  # a twentieth of the time gone is the size of difference that verdicts are about
HEAT_COUNTERS = "sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"


@dataclass(frozen=True)
class Reading:
    """Counters at one moment; None where the platform does not have them."""

    cpu_times: Any
    quota_throttles: int | None
    heat_throttles: int | None
    involuntary_switches: int | None
    gpu: GpuReading | None = None


def read(root: Path = Path("/"), device: str = "cpu", since: Reading | None = None) -> Reading:
    """Read the counters that grow when something disturbs this process.

    Parameters
    ----------
    root : Path
    device : str
        What the pass runs on; a GPU's state is read only for its own passes.
    since : Reading, optional
        The reading before the pass, from which on other processes count as busy on the GPU.
    """
    switches = attempt(psutil.Process().num_ctx_switches)
    before = since.gpu.at_seconds if since is not None and since.gpu is not None else None
    return Reading(
        psutil.cpu_times(),
        _quota_throttles(root),
        _heat_throttles(root),
        switches and switches.involuntary,
        gpu_state.read(device, before) if device.startswith("cuda") else None,
    )


def between(before: Reading, after: Reading) -> dict[str, Any]:
    """Return what a pass records of its disturbances.

    Returns
    -------
    dict
        `steal_fraction`, `load_1min`, `frequency_hertz`, `quota_throttles_count`, `heat_throttles_count`,
        `involuntary_switches_count`, each None where it cannot be told, and `disturbed`: the reasons, in
        words, why this pass should not be trusted, none in a quiet one. On a GPU also what
        `gpu_state.between` tells.
    """
    steal = steal_fraction(before.cpu_times, after.cpu_times)
    quota = grown(before.quota_throttles, after.quota_throttles)
    heat = grown(before.heat_throttles, after.heat_throttles)
    reasons = {
        f"{steal or 0:.0%} of the CPU time was stolen": steal is not None and steal > STEAL_FRACTION,
        f"the CPU quota stopped it {quota} times": bool(quota),
        f"heat slowed the processor {heat} times": bool(heat),
    }
    gpu, gpu_reasons = gpu_state.between(before.gpu, after.gpu)
    return {
        "steal_fraction": steal,
        "load_1min": psutil.getloadavg()[0],
        "frequency_hertz": _frequency_hertz(),
        "quota_throttles_count": quota,
        "heat_throttles_count": heat,
        "involuntary_switches_count": grown(before.involuntary_switches, after.involuntary_switches),
        **gpu,
        "disturbed": [*(reason for reason, holds in reasons.items() if holds), *gpu_reasons],
    }


def steal_fraction(before: Any, after: Any) -> float | None:
    """Share of CPU time that the host of this virtual machine took between two psutil.cpu_times()."""
    if not hasattr(after, "steal"):
        return None
    total = sum(after) - sum(before)
    return max(0.0, (after.steal - before.steal) / total) if total > 0 else 0.0


def _quota_throttles(root: Path) -> int | None:
    """How often the CPU quota has stopped this control group, all levels together."""
    texts = [
        read_text(group / "cpu.stat") or "" for kind in ("", "cpu") for group in group_directories(root, kind)
    ]
    counts = [
        line.split()[1] for text in texts for line in text.splitlines() if line.startswith("nr_throttled ")
    ]
    return sum(map(int, counts)) if counts else None


def _heat_throttles(root: Path) -> int | None:
    counts = [read_text(path) or "" for path in root.glob(HEAT_COUNTERS)]
    known = [int(count) for count in counts if count.isdecimal()]
    return sum(known) if known else None


def _frequency_hertz() -> float | None:
    text = read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")) or ""
    return float(text) * 1e3 if text.isdecimal() else None

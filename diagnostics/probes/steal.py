"""Steal: the share of CPU time that the host gave to others while this machine wanted it."""

import time
from pathlib import Path

import psutil

from diagnostics.facts import Fact, Facts

WINDOW_SECONDS = 0.2  # twenty ticks a core: enough to see heavy steal, short enough for --quick


def read(root: Path) -> Facts:
    """Read the CPU counters twice; None where the platform counts no steal."""
    before = psutil.cpu_times()
    if not hasattr(before, "steal"):
        return {"cpu.steal_fraction": Fact(None, "fraction", "psutil.cpu_times has no steal")}
    time.sleep(WINDOW_SECONDS)
    after = psutil.cpu_times()
    passed = sum(after[:8]) - sum(before[:8])  # user to steal; guest time is counted within user
    if passed <= 0:
        return {}
    fraction = min(1.0, max(0.0, (after.steal - before.steal) / passed))
    source = f"/proc/stat over {WINDOW_SECONDS} s"
    return {"cpu.steal_fraction": Fact(round(fraction, 4), "fraction", source)}

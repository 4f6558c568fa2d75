"""NVIDIA GPUs, as their own tool lists them."""

import shutil
from pathlib import Path

from diagnostics.children import run_child
from diagnostics.facts import Fact, Facts
from diagnostics.quantities import MIB

TIME_LIMIT_SECONDS = 5.0  # a driver without persistence takes one to three seconds to wake
FIELDS = ("name", "memory.total", "power.limit", "driver_version")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def parse_query(text: str) -> Facts:
    """Parse nvidia-smi's CSV rows, units left off; a field that it does not support is left out."""
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    rows = [row for row in rows if len(row) == len(FIELDS)]
    facts = {"gpu.count": Fact(len(rows), "count", "nvidia-smi")}
    for index, (name, memory_mib, power_watts, driver) in enumerate(rows):
        facts["gpu.driver_version"] = Fact(driver, "", "nvidia-smi")
        facts[f"gpu.{index}.model_name"] = Fact(name, "", "nvidia-smi")
        if (memory := _number(memory_mib)) is not None:
            facts[f"gpu.{index}.memory_bytes"] = Fact(int(memory * MIB), "bytes", "nvidia-smi")
        if (power := _number(power_watts)) is not None:
            facts[f"gpu.{index}.power_limit_watts"] = Fact(power, "watts", "nvidia-smi")
    return facts


def read(root: Path) -> Facts:
    """Read the GPUs; a count of 0 where nvidia-smi is not installed.

    Raises
    ------
    RuntimeError
        nvidia-smi is there and does not answer: how many GPUs there are is then not known.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {"gpu.count": Fact(0, "count", "nvidia-smi is not on PATH")}
    query = [tool, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    outcome = run_child(query, TIME_LIMIT_SECONDS)
    if outcome.returncode is None:
        raise RuntimeError(f"nvidia-smi did not answer within {TIME_LIMIT_SECONDS:g} s")
    if outcome.returncode != 0:
        reason = (outcome.stdout or outcome.stderr).strip().splitlines()
        raise RuntimeError(
            f"nvidia-smi ended with {outcome.returncode}: {reason[0] if reason else 'no word'}"
        )
    return parse_query(outcome.stdout)

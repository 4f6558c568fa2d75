"""NVIDIA GPUs, as their own tool lists them."""

import shutil
import sys
from contextlib import suppress
from pathlib import Path

from diagnostics.children import run_child
from diagnostics.facts import Fact, Facts
from diagnostics.quantities import MIB
from diagnostics.sources import read_text

TIME_LIMIT_SECONDS = 20.0  # a driver without persistence takes one to three seconds to wake, each GPU
FIELDS = ("name", "memory.total", "power.limit", "driver_version")
STATE_FIELDS = (
    "temperature.gpu",
    "pcie.link.width.current",
    "pcie.link.width.max",
    "mig.mode.current",
    "clocks_event_reasons.active",
)
OLD_STATE_FIELDS = (*STATE_FIELDS[:-1], "clocks_throttle_reasons.active")  # before driver 535
CARDS, PROBLEM = "gpu.pci_count", "gpu.driver_problem"
NVIDIA, DISPLAY = "0x10de", "0x03"  # PCI vendor, and the class of display controllers, 3D ones among them
PROCESSES = {"gpu.processes_count": "count", "gpu.processes_memory_bytes": "bytes"}
UNTOLD = {"gpu.count": Fact(None, "count", "nvidia-smi does not answer")}
WSL_FOLDER = "/usr/lib/wsl/lib"  # where Windows puts its driver's tools; not on every PATH
LARGEST = 1e15  # no GPU has so much of anything
# Bits of nvmlDeviceGetCurrentClocksEventReasons that mean: slower than asked for. A power limit that is
# reached, idle clocks and clocks that somebody set are none.
THROTTLES = {
    0x08: "heat or power (hardware)",
    0x20: "heat (software)",
    0x40: "heat (hardware)",
    0x80: "power brake",
}
NO_GPU = {
    "gpu.temperatures": [],
    "gpu.link_widths": [],
    "gpu.link_max_widths": [],
    "gpu.mig_modes": [],
    "gpu.throttle_reasons": [],
    "gpu.processes_count": 0,
    "gpu.processes_memory_bytes": 0,
}


def _number(text: str) -> float | None:
    """Return a count or size; None for "[N/A]", "ERR!", and numbers that are none."""
    with suppress(ValueError):
        number = float(text)
        return number if 0 <= number < LARGEST else None
    return None


def parse_query(text: str) -> Facts:
    """Parse nvidia-smi's CSV rows, units left off; a field that it does not support is left out."""
    rows = _rows(text, len(FIELDS))
    facts = {"gpu.count": Fact(len(rows), "count", "nvidia-smi")}
    for index, (name, memory_mib, power_watts, driver) in enumerate(rows):
        facts["gpu.driver_version"] = Fact(driver, "", "nvidia-smi")
        facts[f"gpu.{index}.model_name"] = Fact(name, "", "nvidia-smi")
        if (memory := _number(memory_mib)) is not None:
            facts[f"gpu.{index}.memory_bytes"] = Fact(int(memory * MIB), "bytes", "nvidia-smi")
        if (power := _number(power_watts)) is not None:
            facts[f"gpu.{index}.power_limit_watts"] = Fact(power, "watts", "nvidia-smi")
    return facts


def _rows(text: str, width: int) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    return [row for row in rows if len(row) == width]


def _whole(text: str) -> int | None:
    number = _number(text)
    return None if number is None else int(number)


def throttle_reasons(bits: str) -> list[str] | None:
    """Return what holds clocks down, in words, from the driver's bit mask ("0x0000000000000040").

    None where the driver does not tell.
    """
    try:
        mask = int(bits, 16)
    except ValueError:
        return None
    return [word for bit, word in THROTTLES.items() if mask & bit]


def parse_state(text: str) -> Facts:
    """Parse the rows of `STATE_FIELDS`: one value a GPU, None where the driver does not tell."""
    rows = _rows(text, len(STATE_FIELDS))
    heat, width, most, mig, clocks = ([row[number] for row in rows] for number in range(len(STATE_FIELDS)))
    values: dict[str, list[object]] = {
        "gpu.temperatures": [_whole(cell) for cell in heat],
        "gpu.link_widths": [_whole(cell) for cell in width],
        "gpu.link_max_widths": [_whole(cell) for cell in most],
        "gpu.mig_modes": list(mig),
        "gpu.throttle_reasons": [throttle_reasons(cell) for cell in clocks],
    }
    return {key: Fact(value, "", "nvidia-smi") for key, value in values.items()}


def parse_processes(text: str) -> Facts:
    """Parse the rows of pid and used MiB of the processes that compute on any GPU."""
    rows = _rows(text, 2)
    used = sum(_number(memory) or 0 for _, memory in rows) * MIB
    return {
        "gpu.processes_count": Fact(len(rows), "count", "nvidia-smi --query-compute-apps"),
        "gpu.processes_memory_bytes": Fact(int(used), "bytes", "nvidia-smi --query-compute-apps"),
    }


def _asked(tool: str, query: str) -> str | None:
    """Return nvidia-smi's answer, None where this one does not know the question."""
    outcome = run_child([tool, query, "--format=csv,noheader,nounits"], TIME_LIMIT_SECONDS)
    return outcome.stdout if outcome.returncode == 0 else None


def _state(tool: str) -> Facts:
    facts: Facts = {}
    for fields in (STATE_FIELDS, OLD_STATE_FIELDS):
        if (answer := _asked(tool, f"--query-gpu={','.join(fields)}")) is not None:
            facts |= parse_state(answer)
            break
    if sys.platform == "win32":  # the desktop's own programs are in the list, and cannot be told apart
        source = "nvidia-smi lists the desktop's programs too"
        return facts | {key: Fact(None, unit, source) for key, unit in PROCESSES.items()}
    if (answer := _asked(tool, "--query-compute-apps=pid,used_memory")) is not None:
        facts |= parse_processes(answer)
    return facts


def read(root: Path) -> Facts:
    """Read the GPUs; a count of 0 where nvidia-smi is not installed.

    Where nvidia-smi is there and does not answer, the count is None, and the reason is a fact.
    """
    tool = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path=WSL_FOLDER)
    cards = _cards(root)
    if tool is None:
        absent = "nvidia-smi is not on PATH"
        counted = {
            key: Fact(value, "count" if key.endswith("count") else "", absent)
            for key, value in ({"gpu.count": 0} | NO_GPU).items()
        }
        return counted | cards | {PROBLEM: Fact(absent if cards[CARDS].value else None, "", "PATH")}
    facts, problem = _answers(tool)
    return facts | cards | {PROBLEM: Fact(problem, "", "nvidia-smi")}


def _cards(root: Path) -> Facts:
    """Count NVIDIA's cards on the PCI bus, which shows them without a driver; None where it shows no GPU.

    Windows hands Linux its GPUs beside the bus (/dev/dxg). Some sandboxes show no device at all, or each
    under two addresses that differ in case alone.
    """
    devices = [path.parent for path in (root / "sys/bus/pci/devices").glob("*/vendor")]
    if not devices or (root / "dev/dxg").exists():
        return {CARDS: Fact(None, "count", "no PCI bus that shows GPUs")}
    found = {
        device.name.lower()
        for device in devices
        if read_text(device / "vendor") == NVIDIA and (read_text(device / "class") or "").startswith(DISPLAY)
    }
    return {CARDS: Fact(len(found), "count", "/sys/bus/pci/devices")}


def _answers(tool: str) -> tuple[Facts, str | None]:
    """Return what nvidia-smi says, or why it says nothing."""
    query = [tool, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    outcome = run_child(query, TIME_LIMIT_SECONDS)
    if outcome.returncode is None:
        return UNTOLD, f"nvidia-smi did not answer within {TIME_LIMIT_SECONDS:g} s"
    if outcome.returncode != 0:
        reason = (outcome.stdout or outcome.stderr).strip().splitlines()
        return UNTOLD, f"nvidia-smi ended with {outcome.returncode}: {reason[0] if reason else 'no word'}"
    return parse_query(outcome.stdout) | _state(tool), None

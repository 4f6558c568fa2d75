"""What a GPU did during a pass, as NVML tells it: clocks, power, heat, throttling, other processes.

Needs `pynvml` (package nvidia-ml-py). Without it, or on a GPU of another make, nothing is told.
"""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import psutil
import torch

# Bits of nvmlDeviceGetCurrentClocksEventReasons that mean: slower than asked for. Idle clocks, and clocks
# that somebody set, are no throttling. A power limit that is reached is how a GPU works under load: it is
# recorded and disturbs nothing, as in GP106.
POWER_LIMIT = "power limit"
THROTTLES = {
    0x04: POWER_LIMIT,
    0x08: "hardware slowdown",
    0x20: "heat (software)",
    0x40: "heat (hardware)",
    0x80: "power brake",
}
THERMAL_POLICY = 1  # nvmlPerfPolicyType_t: a counter of nanoseconds spent throttled
NOTHING_FOUND = (0, 6)  # NVML_SUCCESS, NVML_ERROR_NOT_FOUND: no sample since then, so nobody was busy
THROTTLED_FRACTION = 0.05  # of a pass: the size of difference that verdicts are about


@dataclass(frozen=True)
class GpuReading:
    """A GPU at one moment; None where NVML does not tell it.

    Attributes
    ----------
    at_seconds : float
        Unix time.
    throttled_seconds : float or None
        By heat, counted since the driver was loaded.
    throttles : frozenset of str
        What holds the clocks down now.
    other_pids : frozenset of int or None
        Processes on the GPU that do not belong to this one; None where numbers are those of another namespace
        (a container's), so that nobody's can be told from our own.
    num_processes : int or None
        All processes on the GPU, this one's included.
    busy_pids : frozenset of int or None
        Those whose kernels ran since the reading before.
    """

    at_seconds: float
    sm_clock_hertz: float | None = None
    memory_clock_hertz: float | None = None
    power_watts: float | None = None
    temperature_celsius: float | None = None
    throttled_seconds: float | None = None
    throttles: frozenset[str] = frozenset()
    other_pids: frozenset[int] | None = None
    num_processes: int | None = None
    busy_pids: frozenset[int] | None = None


def read(device: str, since_seconds: float | None = None, nvml: Any = None) -> GpuReading | None:
    """Read a CUDA device's state, None where it cannot be asked.

    Parameters
    ----------
    device : str
    since_seconds : float, optional
        Unix time from which on processes count as busy.
    nvml : module, optional
        `pynvml`, or what stands for it in a test.
    """
    found = _handle(device) if nvml is None else (nvml, nvml.handle)
    if found is None:
        return None
    nvml, handle = found
    at_seconds = time.time()

    def ask(name: str, *arguments: Any) -> Any:
        return _asked(nvml, name, handle, *arguments)

    pids = _process_ids(ask)
    family = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    return GpuReading(
        at_seconds,
        _scaled(ask("nvmlDeviceGetClockInfo", 1), 1e6),  # NVML_CLOCK_SM, megahertz
        _scaled(ask("nvmlDeviceGetClockInfo", 2), 1e6),  # NVML_CLOCK_MEM
        _scaled(ask("nvmlDeviceGetPowerUsage"), 1e-3),
        _scaled(ask("nvmlDeviceGetTemperature", 0), 1.0),  # NVML_TEMPERATURE_GPU
        _throttled_seconds(ask),
        _throttles(ask),
        frozenset(pids - family) if pids is not None and pids & family else None,
        None if pids is None else len(pids),
        _busy_pids(ask, since_seconds),
    )


def between(before: GpuReading | None, after: GpuReading | None) -> tuple[dict[str, Any], list[str]]:
    """Return what a pass records of its GPU, and the reasons why it should not be trusted.

    Returns
    -------
    dict
        `gpu_sm_clock_hertz`, `gpu_memory_clock_hertz`, `gpu_power_watts`, `gpu_temperature_celsius` at the
        end of the pass, `gpu_throttled_seconds`, `gpu_throttles` (words), `gpu_other_processes_count`; empty
        without a reading.
    list of str
    """
    if before is None or after is None:
        return {}, []
    throttled = grown(before.throttled_seconds, after.throttled_seconds)
    throttles = sorted(before.throttles | after.throttles)
    num_others = _num_others(after)
    told = {
        "gpu_sm_clock_hertz": after.sm_clock_hertz,
        "gpu_memory_clock_hertz": after.memory_clock_hertz,
        "gpu_power_watts": after.power_watts,
        "gpu_temperature_celsius": after.temperature_celsius,
        "gpu_throttled_seconds": throttled,
        "gpu_throttles": throttles,
        "gpu_other_processes_count": num_others,
    }
    elapsed = max(after.at_seconds - before.at_seconds, 1e-9)
    reasons = []
    if held := [word for word in throttles if word != POWER_LIMIT]:
        reasons.append(f"the GPU's clock was held down: {', '.join(held)}")
    elif throttled is not None and throttled / elapsed > THROTTLED_FRACTION:
        reasons.append(f"the GPU was throttled for {min(1.0, throttled / elapsed):.0%} of the time")
    if num_busy := _num_busy_others(after):
        reasons.append(f"{num_busy} other {'process' if num_busy == 1 else 'processes'} used the GPU")
    return told, reasons


def _num_others(reading: GpuReading) -> int | None:
    """How many processes on the GPU are not ours; where numbers cannot be compared, all but one."""
    if reading.other_pids is not None:
        return len(reading.other_pids)
    return None if reading.num_processes is None else max(0, reading.num_processes - 1)


def _num_busy_others(reading: GpuReading) -> int:
    """How many others ran kernels; where that is not counted by process, all that are there.

    Where nobody's number can be told from our own, all busy ones but one: our own workers are there as well.
    Where neither is known nothing is said of others, for trainings of our own hold the GPU too.
    """
    if reading.busy_pids is None:
        return len(reading.other_pids or ())
    if reading.other_pids is None:
        return max(0, len(reading.busy_pids) - 1)
    return len(reading.busy_pids & reading.other_pids)


def grown(before: float | None, after: float | None) -> float | None:
    """Return by how much a counter has grown, None where it was not read both times."""
    return None if before is None or after is None else after - before


def _scaled(value: Any, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def _asked(nvml: Any, name: str, *arguments: Any) -> Any:
    """Ask NVML one thing; None where this GPU, driver or version does not know it."""
    try:
        return getattr(nvml, name)(*arguments)
    except nvml.NVMLError as error:
        return [] if name.endswith("Utilization") and error.value in NOTHING_FOUND else None
    except AttributeError:
        return None


def _throttles(ask: Callable[..., Any]) -> frozenset[str]:
    reasons = ask("nvmlDeviceGetCurrentClocksEventReasons")
    if reasons is None:  # its name before driver 535
        reasons = ask("nvmlDeviceGetCurrentClocksThrottleReasons")
    return frozenset(word for bit, word in THROTTLES.items() if (reasons or 0) & bit)


def _throttled_seconds(ask: Callable[..., Any]) -> float | None:
    status = ask("nvmlDeviceGetViolationStatus", THERMAL_POLICY)
    return None if status is None else status.violationTime * 1e-9


def _process_ids(ask: Callable[..., Any]) -> set[int] | None:
    kinds = ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses")
    lists = [processes for kind in kinds if (processes := ask(kind)) is not None]
    return {process.pid for processes in lists for process in processes} if lists else None


def _busy_pids(ask: Callable[..., Any], since_seconds: float | None) -> frozenset[int] | None:
    """Return the processes with kernels on the GPU since a moment; NVML samples some times a second."""
    if since_seconds is None:
        return None
    samples: Iterable[Any] | None = ask("nvmlDeviceGetProcessUtilization", int(since_seconds * 1e6))
    return None if samples is None else frozenset(one.pid for one in samples if one.smUtil > 0)


@lru_cache
def _handle(device: str) -> tuple[Any, Any] | None:
    """Return pynvml and its handle of a device, found by the GPU's own number; None where there is none."""
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return None
    uuid = str(torch.cuda.get_device_properties(torch.device(device)).uuid)
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    for name in (uuid, f"GPU-{uuid}", f"MIG-{uuid}"):
        if (handle := _asked(nvml, "nvmlDeviceGetHandleByUUID", name)) is not None:
            return nvml, handle
    return None

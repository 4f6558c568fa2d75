"""Which facts make a machine another machine, and how to tell them in words."""

import math
import re
from collections.abc import Mapping
from typing import Any

from diagnostics.facts import Fact
from diagnostics.quantities import format_quantity
from reports.load import Run
from reports.private_patterns import HIDDEN, is_harmless
from reports.values import LARGEST_NUMBER, mapping
from reports.wording import shorten

# What changes measured times by right. Load, steal, clock, free memory and the kernel's build are not here:
# they move on one machine from run to run.
KEY_FACTS = re.compile(
    r"cpu\.(model_name|usable_cores|quota_cores|logical_cores)"
    r"|gpu\.(count|driver_version)|gpu\.\d+\.(model_name|power_limit_watts)"
    r"|memory\.(total_bytes|cgroup_limit_bytes)|shm\.total_bytes"
    r"|environment\.\w*(THREAD|OMP_|MKL_|KMP_)\w*"
    r"|process\.default_start_method"
    r"|python\.(version|implementation_name|is_free_threaded)"
    r"|system\.(os_name|architecture)"
    r"|torch\.(version|cuda_version|hip_version|cuda_device_names|intra_op_threads|inter_op_threads"
    r"|parallel_backend|blas_name)"
)
# What stays where only software, limits or settings change: the references then do the same work.
HARDWARE_FACTS = re.compile(
    r"cpu\.(model_name|logical_cores)|gpu\.\d+\.model_name|memory\.total_bytes|system\.architecture"
)
THREAD_FACTS = re.compile(r"environment\..*|torch\.(intra|inter)_op_threads")
TORCH_VERSION = "torch.version"
MEMORY_TOLERANCE = 0.05  # kernels and hypervisors reserve a little more or less of the same memory
_GENERAL = {  # pytest-benchmark's own record, for files without facts
    "cpu.model_name": ("cpu", "brand_raw"),
    "cpu.logical_cores": ("cpu", "count"),
    "system.os_name": ("system",),
    "system.architecture": ("machine",),
    "python.version": ("python_version",),
    "python.implementation_name": ("python_implementation",),
}


def key_facts(run: Run) -> dict[str, Fact]:
    """Return the facts of a run's machine that matter to its times, from its facts or else its record."""
    found = {key: fact for key, fact in run.facts.items() if KEY_FACTS.fullmatch(key)}
    for key, path in _GENERAL.items():
        value: Any = run.machine_info
        for step in path:
            value = mapping(value).get(step)
        if key not in found and isinstance(value, (str, int)) and value != "":
            found[key] = Fact(value, "cores" if key == "cpu.logical_cores" else "", "machine_info")
    return found


def are_equal(key: str, a: Any, b: Any) -> bool:
    """Return whether two values of a fact mean the same machine."""
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (a, b)]
    if all(numbers) and key.endswith("total_bytes") and max(abs(a), abs(b)) < LARGEST_NUMBER:
        return math.isclose(a, b, rel_tol=MEMORY_TOLERANCE)
    return bool(a == b) and (all(numbers) or type(a) is type(b))


def are_one_machine(a: Mapping[str, Fact], b: Mapping[str, Fact]) -> bool:
    """Return whether nothing that both sides recorded differs."""
    return all(are_equal(key, a[key].value, b[key].value) for key in a.keys() & b.keys())


def is_recorded(run: Run) -> bool:
    """Return whether the file says anything about its machine."""
    return bool(key_facts(run))


def told(run: Run, key: str, fact: Fact) -> str:
    """Return a fact's value as it may be shown."""
    value = fact.value
    if value is None:
        return "not set" if key.startswith("environment.") else "none"
    if key.startswith("environment.") and not is_harmless(str(value)) and not run.is_private:
        return HIDDEN
    if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
        return "a number beyond any measurement"
    text = format_quantity(value, fact.unit) if not isinstance(value, dict) else str(value)
    return shorten(run.redact(text))


def described(run: Run, *, has_software: bool = True) -> str:
    """Return a machine in one line: "AMD EPYC, 2 cores, torch 2.13.0+cpu"; torch is its software."""
    facts = key_facts(run)
    cores = "cpu.usable_cores" if "cpu.usable_cores" in facts else "cpu.logical_cores"
    gpu = next((key for key in facts if key.endswith(".model_name") and key.startswith("gpu.")), "")
    shown = [
        prefix + told(run, key, facts[key])
        for key, prefix in (("cpu.model_name", ""), (cores, ""), (gpu, ""), (TORCH_VERSION, "torch "))
        if key in facts and (has_software or key != TORCH_VERSION)
    ]
    return ", ".join(shown) or "machine not recorded"

"""A GPU runs slower than asked for.

What it means
-------------
The driver gives a reason why clocks are held down: heat, or a power brake. A power limit that is reached
under load is usual and is not meant.

Why it matters
--------------
Steps take longer and swing; two runs cannot be compared.

How to fix
----------
Better cooling, a lower power limit set on purpose (steady rather than swinging), another slot or machine.

When it is fine
---------------
Never for long.

References
----------
NVML documentation, nvmlClocksEventReasons.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn

CODE = "GP106"
SLUG = "gpu-throttled"
TITLE = "A GPU is held down by heat or power"
NEEDS = ("gpu.count", "gpu.throttle_reasons", "gpu.temperatures")
FIRES = {"gpu.count": 1, "gpu.throttle_reasons": [["heat (hardware)"]], "gpu.temperatures": [91]}
SILENT = {"gpu.count": 1, "gpu.throttle_reasons": [[]], "gpu.temperatures": [41]}


def _rows(*values: object) -> list[tuple[Any, ...]]:
    """Return the GPUs' values beside one another; none where a fact is no list."""
    return list(zip(*values, strict=False)) if all(isinstance(value, list) for value in values) else []


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire for every GPU with a reason."""
    count, reasons, temperatures = (facts[key] for key in NEEDS)
    rows = _rows(reasons, temperatures)
    told = [row for row in rows if row[0] is not None]
    if not count or not told:
        return not_applicable("No NVIDIA GPU tells of its clocks here.")
    held = [(number, why, heat) for number, (why, heat) in enumerate(rows) if why]
    if not held:
        return ok(f"GPUs held down by heat or power: 0 of {len(told)}.")
    evidence = tuple(
        f"GPU {number}: {', '.join(map(str, why)) if isinstance(why, list) else why}; "
        + ("temperature not told" if heat is None else f"{heat} degrees Celsius")
        for number, why, heat in held
    )
    remedy = Remedy(
        "Cool it, or set a power limit that it can hold.",
        ("nvidia-smi -q -d PERFORMANCE,TEMPERATURE", "sudo nvidia-smi -pl 300"),
    )
    return warn(f"GPUs that run slower than asked for: {len(held)} of {len(told)}.", evidence, remedy)

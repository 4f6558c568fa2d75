"""A process has as many memory maps as the kernel allows.

What it means
-------------
Each tensor that is shared by file is a memory map. Linux allows 65,530 of them per process
(vm.max_map_count); the kernel reports it as "Cannot allocate memory" although memory is free.

Why it matters
--------------
The run dies after many batches were kept, or with samples of many small tensors.

How to fix
----------
Copy what you keep (`tensor.clone()`), return fewer, larger tensors per sample, or raise the limit.

When it is fine
---------------
Never; the limit is far above what an ordinary loader needs.

References
----------
Linux kernel documentation, sysctl/vm, max_map_count. PyTorch issue 13246 and its neighbours.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity
from diagnostics.traces.clues import Recognition, Trace, phrases, recognised

CODE = "DL211"
SLUG = "mmap-count-limit"
TITLE = "The kernel's limit on memory maps is low or reached"
NEEDS = ("limits.memory_maps_count",)
FIRES = {"limits.memory_maps_count": 4096}
SILENT = {"limits.memory_maps_count": 65530}
USUAL_LIMIT = 65_530  # Linux' default
NEAR_THE_LIMIT = range(60_000, 66_200)  # vm.max_map_count is 65530; libraries hold some of them
SMALL_BYTES = 1 << 20  # memory for a map this small is there long after a batch's would not be
LOG_FIRES = (
    "RuntimeError: unable to mmap 1280 bytes from file </torch_40419_3735217401_65471>: "
    "Cannot allocate memory (12)\n",
    "RuntimeError: unable to mmap 2048 bytes from file <filename not specified>: Cannot allocate "
    "memory (12)\n",
    "RuntimeError: unable to mmap 408 bytes from file <filename not specified>: Cannot allocate memory (12)\n"
    "vm.max_map_count = 65530\n",
)
LOG_SILENT = (
    "RuntimeError: unable to mmap 6291456 bytes from file </torch_77_1234567_12>: Cannot "
    "allocate memory (12)\n",
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Warn below what Linux allows by default: somebody has lowered it."""
    limit = facts["limits.memory_maps_count"]
    if limit is None:
        return not_applicable("This platform has no limit on memory maps that could be read.")
    told, usual = (format_quantity(value, "count") for value in (limit, USUAL_LIMIT))
    if limit >= USUAL_LIMIT:
        return ok(f"A process may have {told} memory maps; each tensor that is kept from a worker takes one.")
    remedy = Remedy(
        "Raise the limit; a container has its host's.",
        (f"sudo sysctl -w vm.max_map_count={4 * (USUAL_LIMIT + 6)}",),
    )
    evidence = (f"vm.max_map_count: {told}; Linux' default: {usual}",)
    return warn(f"A process may have {told} memory maps; {usual} are usual.", evidence, remedy, "likely")


def recognise(trace: Trace) -> Recognition | None:
    """Look for a failed map: a count near the limit in its file's name, a small size, or the limit's name."""
    pattern = (
        r"unable to mmap (\d+) bytes from file <([^>]{0,120})>[^\n]{0,10}Cannot allocate "
        r"memory|mmap.{0,80}max_map_count"
    )
    for found in phrases(trace, pattern):
        counter = found.groups[1].rpartition("_")[2] if found.groups[1] else ""
        is_near = counter.isdigit() and int(counter) in NEAR_THE_LIMIT
        is_small = not counter.isdigit() and 0 < int(found.groups[0] or 0) < SMALL_BYTES
        if is_near or is_small or trace.find("max_map_count"):
            remedy = Remedy(
                "Copy the tensors that you keep, or raise the limit.",
                ("sudo sysctl -w vm.max_map_count=262144", "kept.append(batch.clone())"),
            )
            named = "the limit is named" if trace.find("max_map_count") else "the map is a small one"
            number = f"object number {counter}" if is_near else named
            summary = f"A process ran out of memory maps ({number}; the kernel allows 65,530)."
            return recognised(found, summary, remedy, score=88, confidence="certain" if is_near else "likely")
    return None

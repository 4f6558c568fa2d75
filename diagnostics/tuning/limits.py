"""Memory, shared memory and batches that a setting would take; what there is not enough of is not tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from diagnostics.cgroups import memory_limit_bytes
from diagnostics.quantities import MIB, format_quantity
from diagnostics.tuning.settings import Setting

FORKED_BYTES = 16 * MIB  # PSS of a forked or preloaded worker here; a spawned one imports torch anew
SPAWNED_BYTES = 150 * MIB
USABLE_SHARE = 0.8


@dataclass(frozen=True)
class Room:
    """What is free, in bytes; None where there is no such limit."""

    memory: int
    shared_memory: int | None


def read_room(root: Path = Path("/")) -> Room:
    """Read what is free now."""
    memory = int(psutil.virtual_memory().available)
    limit = memory_limit_bytes(root)
    if limit is not None and limit[0] is not None:
        memory = min(memory, limit[0])
    path = root / "dev/shm"
    return Room(memory, psutil.disk_usage(str(path)).free if path.is_dir() else None)


def problem(setting: Setting, room: Room, batch_bytes: int, about: Mapping[str, Any], method: str) -> str:
    """Return why a setting is not tried, "" where it fits."""
    num_batches = about["num_batches"]
    if num_batches is not None and setting.num_workers > max(1, num_batches):
        return f"an epoch has no more than {max(1, num_batches)} batches to share"
    ahead = setting.num_workers * setting.prefetch_factor * batch_bytes
    if room.shared_memory is not None and ahead > USABLE_SHARE * room.shared_memory:
        free = format_quantity(room.shared_memory, "bytes")
        return (
            f"batches ahead would take {format_quantity(ahead, 'bytes')} of /dev/shm, which has {free} free"
        )
    each = (FORKED_BYTES if method == "fork" else SPAWNED_BYTES) + (about["pickled_bytes"] or 0)
    wanted = setting.num_workers * each + ahead
    if wanted > USABLE_SHARE * room.memory:
        free = format_quantity(room.memory, "bytes")
        return (
            f"its workers would take {format_quantity(wanted, 'bytes')} of memory, of which {free} are free"
        )
    return ""

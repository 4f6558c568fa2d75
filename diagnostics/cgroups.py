"""Control groups of this process, version 1, 2 and both at once.

A limit set anywhere between the process' own group and the root of the hierarchy binds, so the readers here
return every directory on that way that this process can see; the tightest limit of them holds.
"""

from pathlib import Path

from diagnostics.sources import read_text

V1_UNLIMITED_BYTES = 2**62  # version 1 writes "no limit" as the largest page-aligned int64, about 2**63


def _memberships(root: Path) -> dict[str, str]:
    """Map each controller ("" for version 2) to this process' group path, from /proc/self/cgroup."""
    paths = {}
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _mount(root: Path, controller: str) -> tuple[Path, str] | None:
    """Return where a controller is mounted and which group is its topmost one there."""
    for line in (read_text(root / "proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        is_v2 = controller == "" and kind[0] == "cgroup2"
        if is_v2 or (kind[0] == "cgroup" and controller in kind[2].split(",")):
            return root / fields[4].lstrip("/"), fields[3]
    return None


def group_directories(root: Path, controller: str) -> list[Path]:
    """Return the directories whose limits bind this process, its own first.

    Parameters
    ----------
    root : Path
        Root of the file system, or of a fake one in tests.
    controller : str
        A version 1 controller ("cpu", "memory"), or "" for the one hierarchy of version 2.

    Returns
    -------
    list of Path
        Empty where the controller is not mounted or its mount cannot be seen.
    """
    mounted = _mount(root, controller)
    if mounted is None:
        return []
    mount, top = mounted
    path = _memberships(root).get(controller, "/")
    if top != "/" and path.startswith(top):
        path = path.removeprefix(top)
    parts = [part for part in path.split("/") if part not in {"", ".."}]
    groups = [mount.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1)]
    return [group for group in groups if group.is_dir()]


def _quota(text: str, period_text: str) -> float | None:
    """Return cores from a quota and its period in microseconds; None for "max", -1 or garbage."""
    try:
        quota, period = int(text), int(period_text)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def quota_cores(root: Path) -> tuple[float | None, str] | None:
    """Return the tightest CPU quota in cores (None: no quota) and its source; None where no group is seen."""
    v2, v1 = group_directories(root, ""), group_directories(root, "cpu")
    if not v2 and not v1:
        return None
    seen = []
    for group in v2:
        quota_text, _, period_text = (read_text(group / "cpu.max") or "").partition(" ")
        seen.append((_quota(quota_text, period_text), "cgroup v2 cpu.max"))
    for group in v1:
        texts = (read_text(group / f"cpu.cfs_{name}_us") or "" for name in ("quota", "period"))
        seen.append((_quota(*texts), "cgroup v1 cpu.cfs_quota_us"))
    set_ones = [(quota, source) for quota, source in seen if quota is not None]
    return min(set_ones) if set_ones else (None, seen[-1][1])


def memory_limit_bytes(root: Path) -> tuple[int | None, str] | None:
    """Return the tightest memory limit (None: no limit) and its source; None where no group is seen."""
    names = {"": "memory.max", "memory": "memory.limit_in_bytes"}
    seen = [
        (read_text(group / name) or "", f"cgroup {'v1' if controller else 'v2'} {name}")
        for controller, name in names.items()
        for group in group_directories(root, controller)
    ]
    if not seen:
        return None
    limits = [(int(text), source) for text, source in seen if text.isdecimal()]
    binding = [limit for limit in limits if 0 < limit[0] < V1_UNLIMITED_BYTES]
    return min(binding) if binding else (None, seen[-1][1])


def memory_room_bytes(root: Path) -> int | None:
    """Return what the fullest group surely still takes (None: no limit).

    Cached files that nobody has read twice do not count as used: the kernel drops them before it refuses.
    """
    names = {
        "": ("memory.max", "memory.current", "inactive_file"),
        "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    }
    rooms = []
    for controller, (limit_name, used_name, cache_name) in names.items():
        for group in group_directories(root, controller):
            limit, used = (read_text(group / name) or "" for name in (limit_name, used_name))
            if limit.isdecimal() and used.isdecimal() and 0 < int(limit) < V1_UNLIMITED_BYTES:
                kept = max(0, int(used) - _statistic(group, cache_name))
                rooms.append(max(0, int(limit) - kept))
    return min(rooms, default=None)


def _statistic(group: Path, name: str) -> int:
    """Return a number of bytes out of a group's memory.stat, 0 where it is not told."""
    for line in (read_text(group / "memory.stat") or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdecimal():
            return int(value)
    return 0


def process_limit(root: Path) -> tuple[int | None, str] | None:
    """Return the tightest limit on processes and threads (None: no limit) and its source; None as above."""
    seen = [
        (read_text(group / "pids.max") or "", f"cgroup {'v1' if controller else 'v2'} pids.max")
        for controller in ("", "pids")
        for group in group_directories(root, controller)
    ]
    limits = [(int(text), source) for text, source in seen if text.isdecimal()]
    if not seen:
        return None
    return min(limits) if limits else (None, seen[-1][1])

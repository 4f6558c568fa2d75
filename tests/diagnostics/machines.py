"""Small fake machines: the few files under /proc and /sys that a probe reads."""

from pathlib import Path

CGROUP2 = "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
CPU_V1 = "33 31 0:30 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
MEMORY_V1 = "34 31 0:33 {top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def machine_v2(root: Path, group: str, files: dict[str, str]) -> Path:
    """A machine with version 2 groups; `files` are named from the mount."""
    (root / "sys/fs/cgroup" / group.strip("/")).mkdir(parents=True, exist_ok=True)
    write(root, {"proc/self/mountinfo": CGROUP2, "proc/self/cgroup": f"0::{group}\n"})
    return write(root, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def machine_v1(root: Path, group: str, files: dict[str, str], top: str = "/") -> Path:
    """A machine with version 1 groups of which the mount shows `top` and below."""
    mounts = CPU_V1.format(top=top) + MEMORY_V1.format(top=top)
    write(
        root,
        {"proc/self/mountinfo": mounts, "proc/self/cgroup": f"5:cpu,cpuacct:{group}\n4:memory:{group}\n"},
    )
    for mount in ("cpu,cpuacct", "memory"):
        (root / "sys/fs/cgroup" / mount).mkdir(parents=True, exist_ok=True)
    return write(root, {f"sys/fs/cgroup/{name}": text for name, text in files.items()})

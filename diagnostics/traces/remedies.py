"""Advice that several checks give, as fits the platform that the log shows."""

from diagnostics.traces.trace import Platform

NO_WORKERS = "DataLoader(..., num_workers=0)  # shows the real error, in this process"
GUARD = ('if __name__ == "__main__":', "    main()")


def context(platform: Platform) -> str:
    """Return the argument that starts workers without fork."""
    if platform.os_name == "Windows":
        return "DataLoader(..., num_workers=0)  # Windows can only spawn"
    return 'DataLoader(..., multiprocessing_context="forkserver")'


def inherit(platform: Platform) -> tuple[str, ...]:
    """Return how workers may inherit rather than unpickle, where the platform has fork."""
    if platform.os_name in {"Windows", "Darwin"}:
        return ("DataLoader(..., num_workers=0)  # until it can be pickled",)
    return ('DataLoader(..., multiprocessing_context="fork")  # or, on Linux, inherit it',)


def more_shared_memory(platform: Platform) -> tuple[str, ...]:
    """Return how /dev/shm is enlarged."""
    if platform.is_kubernetes:
        return (
            "volumes: [{name: dshm, emptyDir: {medium: Memory, sizeLimit: 8Gi}}]",
            "volumeMounts: [{name: dshm, mountPath: /dev/shm}]",
        )
    return ("df -h /dev/shm", "docker run --shm-size=8g …", "docker run --ipc=host …")


def look_inside(platform: Platform) -> tuple[str, ...]:
    """Return how to see where a process stands."""
    if platform.os_name == "Windows":
        return ("py-spy dump --pid PID", NO_WORKERS)
    return (
        "py-spy dump --pid $(pgrep -f pt_data_worker | head -1)",
        "DataLoader(..., timeout=60)",
        NO_WORKERS,
    )

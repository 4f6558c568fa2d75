"""Advice that several checks give, as fits the platform that the log shows."""

from diagnostics.traces.platforms import Platform

NO_WORKERS = "DataLoader(..., num_workers=0)  # shows the real error, in this process"
TEST_FILE = "python -m zipfile -t FILE  # or gzip -t FILE, h5dump -n FILE"
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
    if not platform.os_name:
        return ("DataLoader(..., num_workers=0)  # until then; Linux can also inherit it, by fork",)
    return ('DataLoader(..., multiprocessing_context="fork")  # or, on Linux, inherit it',)


def more_shared_memory(platform: Platform) -> tuple[str, ...]:
    """Return how /dev/shm is enlarged, or spared where it cannot be."""
    if platform.is_kubernetes:
        return (
            "volumes: [{name: dshm, emptyDir: {medium: Memory, sizeLimit: 8Gi}}]",
            "volumeMounts: [{name: dshm, mountPath: /dev/shm}]",
        )
    if platform.is_slurm:
        return (
            "srun df -h /dev/shm  # on the node: half of its memory, shared by all jobs there",
            "#SBATCH --mem=64G  # what lies there counts as the job's memory",
            "DataLoader(..., num_workers=2, prefetch_factor=1)",
        )
    if platform.is_hosted or platform.os_name == "Darwin":
        return ("DataLoader(..., num_workers=2, prefetch_factor=1)", "DataLoader(..., num_workers=0)")
    return ("df -h /dev/shm", "docker run --shm-size=8g …", "docker run --ipc=host …")


def show_kills(platform: Platform) -> tuple[str, ...]:
    """Return how to see whether the system ended a process for want of memory."""
    if platform.is_kubernetes:
        return ("kubectl describe pod POD | grep -A 5 'Last State'",)
    if platform.is_slurm:
        return ("sacct -j JOB --format=JobID,State,MaxRSS,ReqMem", "#SBATCH --mem=64G")
    return {
        # Event 2004, of Resource-Exhaustion-Detector: memory ran short, and who held most.
        "Windows": ('wevtutil qe System "/q:*[System[(EventID=2004)]]" /c:3 /rd:true /f:text',),
        "Darwin": ("log show --last 1h | grep -i -E 'memorystatus|jetsam'",),
    }.get(platform.os_name, ("sudo dmesg -T | grep -i -E 'killed process|oom'",))


def show_memory(platform: Platform) -> tuple[str, ...]:
    """Return how to see what memory is free."""
    return {"Windows": ("systeminfo | findstr Memory",), "Darwin": ("vm_stat",)}.get(
        platform.os_name, ("free -h",)
    )


def show_disk(platform: Platform) -> tuple[str, ...]:
    """Return how to see what room is left on the disk."""
    if platform.os_name == "Windows":
        return ("fsutil volume diskfree .",)
    return ("df -h .; df -i .  # bytes, and numbers of files",)


def show_quota(platform: Platform) -> tuple[str, ...]:
    """Return how to see what a user may store."""
    if platform.os_name == "Windows":
        return ("fsutil quota query C:",)
    return (
        "quota -s  # bytes and files; on Lustre: lfs quota -h -u $USER .",
        "du -sh . | tail -1",
    )


def show_rights(platform: Platform) -> tuple[str, ...]:
    """Return how to see who may read and write."""
    if platform.os_name == "Windows":
        return ("icacls PATH  # and close what else has it open",)
    return ("id; ls -ld PATH",)


def look_inside(platform: Platform) -> tuple[str, ...]:
    """Return how to see where workers stand, by whatever start method and under whatever name they run."""
    dump = "py-spy dump --subprocesses --pid PID  # of the training: its workers stand below it"
    if platform.os_name == "Windows":
        return (dump, NO_WORKERS)
    return (dump, "DataLoader(..., timeout=60)", NO_WORKERS)

import pytest

from diagnostics.checks import (
    cpu_quota_ignored,
    cpu_steal,
    fd_exhausted,
    few_held_batches,
    fewer_cores_than_counted,
    gpu_throttled,
    intra_op_oversubscription,
    mmap_count_limit,
    py314_forkserver,
    shm_exhausted,
    shm_overstated,
    socket_path_too_long,
    thread_or_process_limit,
)
from diagnostics.findings import Status

MIB, GIB = 1024**2, 1024**3


def quota(cores, affinity=8, os_name="Linux"):
    return cpu_quota_ignored.judge(
        {"system.os_name": os_name, "cpu.affinity_cores": affinity, "cpu.quota_cores": cores}
    )


def test_a_quota_just_below_the_affinity_fires_and_one_that_equals_it_does_not():
    assert quota(7.9).status == Status.WARN
    assert quota(8.0).status == Status.OK
    assert quota(None).status == Status.OK


def test_a_quota_of_half_a_core_asks_for_one_thread():
    assert "export OMP_NUM_THREADS=1" in quota(0.5).remedy.commands


def test_quotas_apply_to_linux_only():
    assert quota(1, os_name="Windows").status == Status.NOT_APPLICABLE


def shm(total, free=None, os_name="Linux"):
    values = (os_name, total, total if free is None else free)
    return shm_exhausted.judge(dict(zip(shm_exhausted.NEEDS, values, strict=True)))


def test_no_shm_at_all_fails_and_is_mounted():
    verdict = shm(0)
    assert verdict.status == Status.FAIL
    assert any("mount -t tmpfs" in command for command in verdict.remedy.commands)


def test_dockers_default_shm_fails_and_a_byte_more_warns():
    assert shm(64 * MIB).status == Status.FAIL
    assert shm(64 * MIB + 1).status == Status.WARN
    assert shm(GIB).status == Status.OK


def test_a_large_shm_that_is_full_warns_and_asks_what_fills_it():
    verdict = shm(8 * GIB, free=MIB)
    assert verdict.status == Status.WARN
    assert "ls -lhS /dev/shm | head" in verdict.remedy.commands


def test_shm_applies_to_linux_only():
    assert shm(None, os_name="Darwin").status == Status.NOT_APPLICABLE


def descriptors(soft, hard=4096, cores=2, os_name="Linux"):
    return fd_exhausted.judge(dict(zip(fd_exhausted.NEEDS, (os_name, soft, hard, cores), strict=True)))


def test_the_limit_on_open_files_is_judged_by_the_cores():
    wanted = fd_exhausted.wanted_descriptors(64)
    assert descriptors(wanted, cores=64).status == Status.OK
    assert descriptors(wanted - 1, cores=64).status == Status.WARN
    assert descriptors(wanted - 1, cores=2).status == Status.OK
    assert descriptors(64).status == Status.FAIL
    assert descriptors(None).status == Status.OK


def test_the_remedy_never_asks_for_more_than_the_hard_limit():
    assert "ulimit -n 4096" in descriptors(64, hard=4096).remedy.commands
    assert "ulimit -n 65536" in descriptors(64, hard=None).remedy.commands


def test_where_the_hard_limit_is_reached_the_shell_cannot_help():
    commands = descriptors(64, hard=64).remedy.commands
    assert not any(command.startswith("ulimit") for command in commands)
    assert commands[0].startswith("docker run --ulimit")


def test_other_systems_share_by_name():
    assert descriptors(256, os_name="Darwin").status == Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("os_name", "method", "status"),
    [
        ("Linux", "forkserver", Status.WARN),
        ("Linux", "fork", Status.OK),
        ("Linux", "spawn", Status.NOT_APPLICABLE),
        ("Darwin", "spawn", Status.NOT_APPLICABLE),
        ("Windows", "spawn", Status.NOT_APPLICABLE),
    ],
)
def test_only_forkserver_on_linux_fires(os_name, method, status):
    values = (os_name, "3.14.0", method)
    verdict = py314_forkserver.judge(dict(zip(py314_forkserver.NEEDS, values, strict=True)))
    assert verdict.status == status
    assert os_name in verdict.summary or os_name == "Linux"


def threads(ratio, low, high, count=2):
    needs = intra_op_oversubscription.NEEDS
    return intra_op_oversubscription.judge(dict(zip(needs, (count, ratio, low, high), strict=True)))


def test_a_slowdown_fires_only_when_its_whole_interval_is_beyond_the_threshold():
    assert threads(3.0, 1.05, 9.0).status == Status.OK
    assert threads(1.2, 1.11, 1.3).status == Status.WARN


def test_one_thread_leaves_nothing_to_compare():
    assert threads(None, None, None, count=1).status == Status.NOT_APPLICABLE


def test_steal_fires_beyond_five_percent():
    assert cpu_steal.judge({"cpu.steal_fraction": 0.05}).status == Status.OK
    assert cpu_steal.judge({"cpu.steal_fraction": 0.051}).status == Status.WARN
    assert cpu_steal.judge({"cpu.steal_fraction": None}).status == Status.NOT_APPLICABLE


def speed_up(ratio, low, high, cores=8):
    values = (cores, cores, ratio, low, high)
    return fewer_cores_than_counted.judge(dict(zip(fewer_cores_than_counted.NEEDS, values, strict=True)))


def test_a_speed_up_that_is_too_unsteady_does_not_say_that_the_cores_are_there():
    assert "are there" in speed_up(7.6, 7.3, 7.8).summary
    unsteady = speed_up(4.1, 1.2, 7.8)
    assert unsteady.status == Status.OK
    assert "too unsteady" in unsteady.summary


def processes(soft, group, cores=2, os_name="Linux"):
    values = (os_name, soft, group, cores)
    return thread_or_process_limit.judge(dict(zip(thread_or_process_limit.NEEDS, values, strict=True)))


def test_the_tighter_of_both_limits_on_processes_is_judged():
    assert processes(96365, None).status == Status.OK
    assert processes(64, 10_000).status == Status.WARN
    narrow = processes(96365, 20)
    assert narrow.status == Status.FAIL
    assert "pids.max" in narrow.evidence[0]
    assert processes(None, None).status == Status.OK
    assert processes(None, None, os_name="Windows").status == Status.NOT_APPLICABLE


def test_fewer_memory_maps_than_linux_gives_by_default_warn():
    found = [
        mmap_count_limit.judge({"limits.memory_maps_count": count}).status for count in (65_529, 65_530, None)
    ]
    assert found == [Status.WARN, Status.OK, Status.NOT_APPLICABLE]


def test_a_shared_memory_that_may_only_be_read_is_not_made_larger():
    values = (1 << 30, 0, "Read-only file system (errno 30)")
    verdict = shm_overstated.judge(dict(zip(shm_overstated.NEEDS, values, strict=True)))
    assert verdict.status == Status.FAIL
    assert not any("--shm-size" in command for command in verdict.remedy.commands)


def test_a_loader_that_fails_for_another_reason_says_nothing_of_open_files():
    values = (None, None, "OSError: [Errno 30] Read-only file system")
    verdict = few_held_batches.judge(dict(zip(few_held_batches.NEEDS, values, strict=True)))
    assert verdict.status == Status.NOT_APPLICABLE


def test_a_temporary_folder_that_is_full_is_not_called_too_long():
    values = (36, "No space left on device (errno 28)")
    verdict = socket_path_too_long.judge(dict(zip(socket_path_too_long.NEEDS, values, strict=True)))
    assert verdict.status == Status.FAIL
    assert "df -h /tmp; ls -ld /tmp" in verdict.remedy.commands


def test_a_gpu_that_does_not_tell_of_its_clocks_is_not_called_free():
    values = (1, [None], [None])
    verdict = gpu_throttled.judge(dict(zip(gpu_throttled.NEEDS, values, strict=True)))
    assert verdict.status == Status.NOT_APPLICABLE

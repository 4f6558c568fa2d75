import pytest

from diagnostics.cgroups import memory_limit_bytes, memory_room_bytes, quota_cores
from tests.diagnostics.machines import machine_v1, machine_v2, write

GIB = 1024**3


def test_v2_quota_is_cores_per_period(tmp_path):
    root = machine_v2(tmp_path, "/", {"cpu.max": "150000 100000\n"})
    assert quota_cores(root) == (1.5, "cgroup v2 cpu.max")


def test_v2_quota_max_means_no_quota(tmp_path):
    root = machine_v2(tmp_path, "/", {"cpu.max": "max 100000\n"})
    assert quota_cores(root) == (None, "cgroup v2 cpu.max")


def test_the_tightest_quota_on_the_way_up_binds(tmp_path):
    files = {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000", "cpu.max": "800000 100000"}
    assert quota_cores(machine_v2(tmp_path, "/a/b", files)) == (2.0, "cgroup v2 cpu.max")


def test_a_group_that_a_namespace_hides_falls_back_to_what_is_mounted(tmp_path):
    files = {"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000"}
    root = machine_v1(tmp_path, "/docker/1f", {f"cpu,cpuacct/{name}": text for name, text in files.items()})
    assert quota_cores(root) == (0.5, "cgroup v1 cpu.cfs_quota_us")


def test_v1_paths_start_at_the_group_that_is_mounted(tmp_path):
    files = {
        "cpu,cpuacct/job/cpu.cfs_quota_us": "300000",
        "cpu,cpuacct/job/cpu.cfs_period_us": "100000",
    }
    root = machine_v1(tmp_path, "/docker/1f/job", files, top="/docker/1f")
    assert quota_cores(root) == (3.0, "cgroup v1 cpu.cfs_quota_us")


def test_v1_quota_of_minus_one_means_no_quota(tmp_path):
    files = {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}
    assert quota_cores(machine_v1(tmp_path, "/", files)) == (None, "cgroup v1 cpu.cfs_quota_us")


def test_no_control_groups_leave_quota_and_limit_unread(tmp_path):
    assert quota_cores(tmp_path) is None
    assert memory_limit_bytes(tmp_path) is None


@pytest.mark.parametrize("garbage", ["", "\x00\xff", "1 2 3", "200000", "200000 0", "-5 100000", "nan nan"])
def test_garbage_in_cpu_max_is_no_quota(tmp_path, garbage):
    root = machine_v2(tmp_path, "/", {"cpu.max": garbage})
    assert quota_cores(root) == (None, "cgroup v2 cpu.max")


@pytest.mark.parametrize("garbage", ["x", "1 - cgroup2", "a b c d e - cgroup2 x rw", "\n\n - \n"])
def test_garbage_in_mountinfo_never_raises(tmp_path, garbage):
    write(tmp_path, {"proc/self/mountinfo": garbage, "proc/self/cgroup": garbage})
    assert quota_cores(tmp_path) is None


def test_a_group_path_cannot_climb_out_of_the_mount(tmp_path):
    write(tmp_path, {"sys/fs/cpu.max": "100000 100000"})
    root = machine_v2(tmp_path, "/../", {"cpu.max": "max 100000"})
    assert quota_cores(root) == (None, "cgroup v2 cpu.max")


def test_v2_memory_limit_is_the_tightest(tmp_path):
    files = {"job/memory.max": "max\n", "memory.max": f"{2 * GIB}\n"}
    assert memory_limit_bytes(machine_v2(tmp_path, "/job", files)) == (2 * GIB, "cgroup v2 memory.max")


def test_v1_memory_limit_near_two_to_the_63_is_no_limit(tmp_path):
    root = machine_v1(tmp_path, "/", {"memory/memory.limit_in_bytes": "9223372036854771712\n"})
    assert memory_limit_bytes(root) == (None, "cgroup v1 memory.limit_in_bytes")


def test_v1_memory_limit_is_read(tmp_path):
    root = machine_v1(tmp_path, "/", {"memory/memory.limit_in_bytes": str(GIB)})
    assert memory_limit_bytes(root) == (GIB, "cgroup v1 memory.limit_in_bytes")


def test_the_fullest_group_on_the_way_up_has_the_least_room(tmp_path):
    files = {"a/memory.max": str(GIB), "a/memory.current": "1000", "memory.max": str(2 * GIB)}
    root = machine_v2(tmp_path, "/a", {**files, "memory.current": str(2 * GIB - 500)})
    assert memory_room_bytes(root) == 500


def test_a_page_cache_that_fills_the_limit_leaves_its_room(tmp_path):
    cache = f"active_file 7\ninactive_file {GIB // 2}\n"
    files = {"memory.max": str(GIB), "memory.current": str(GIB), "memory.stat": cache}
    assert memory_room_bytes(machine_v2(tmp_path, "/", files)) == GIB // 2


def test_in_version_1_the_page_cache_of_the_groups_below_counts_too(tmp_path):
    files = {
        "memory/memory.limit_in_bytes": str(GIB),
        "memory/memory.usage_in_bytes": str(GIB),
        "memory/memory.stat": f"inactive_file 4096\ntotal_inactive_file {GIB // 4}\n",
    }
    assert memory_room_bytes(machine_v1(tmp_path, "/", files)) == GIB // 4


def test_a_page_cache_beyond_what_is_used_makes_no_room_beyond_the_limit(tmp_path):
    files = {"memory.max": str(GIB), "memory.current": "10", "memory.stat": "inactive_file 20"}
    assert memory_room_bytes(machine_v2(tmp_path, "/", files)) == GIB


def test_without_a_limit_no_group_bounds_the_room(tmp_path):
    assert memory_room_bytes(machine_v2(tmp_path, "/", {"memory.max": "max", "memory.current": "7"})) is None

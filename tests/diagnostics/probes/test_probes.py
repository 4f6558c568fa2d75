import json
import os
import sys
from pathlib import Path

import pytest

from diagnostics.gather import find_probes
from diagnostics.probes import (
    cpu,
    gpu,
    identity,
    limits,
    memory,
    processes,
    shm,
    steal,
    system,
    threads,
    torch_install,
)
from tests.diagnostics.machines import machine_v2, write

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and /sys")
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="the fake program is a shell script")


@pytest.mark.parametrize("name", sorted(find_probes(include_private=True)))
def test_every_probe_gives_facts_that_name_their_source_on_this_machine_and_on_an_empty_one(name, tmp_path):
    read = find_probes(include_private=True)[name]
    for root in (Path("/"), tmp_path):
        for key, fact in read(root).items():
            assert "." in key
            assert fact.source
            json.dumps(fact.value, allow_nan=False)


@pytest.mark.parametrize("name", sorted(find_probes()))
def test_a_number_carries_its_unit_in_its_key(name):
    for key, fact in find_probes()[name](Path("/")).items():
        if fact.unit:
            assert key.endswith((f"_{fact.unit}", f".{fact.unit}"))


def test_the_private_probe_is_left_out_unless_asked_for():
    assert "identity" not in find_probes()
    assert "identity" in find_probes(include_private=True)
    assert set(identity.read(Path("/"))) <= {"host.name", "user.name"}


@ON_LINUX
def test_model_frequency_and_governor_come_from_the_root(tmp_path):
    files = {
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: Fancy 9000\ncpu MHz\t\t: 1000.5\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "4000000\n",
    }
    facts = cpu.read(write(tmp_path, files))
    assert facts["cpu.model_name"].value == "Fancy 9000"
    assert facts["cpu.frequency_hertz"].value == 1_000_500_000
    assert facts["cpu.frequency_max_hertz"].value == 4_000_000_000
    assert facts["cpu.governor_name"].value == "powersave"


@ON_LINUX
def test_cpu_facts_that_the_root_lacks_are_left_out(tmp_path):
    missing = {"cpu.model_name", "cpu.frequency_hertz", "cpu.governor_name", "cpu.quota_cores"}
    assert missing.isdisjoint(cpu.read(tmp_path))


@ON_LINUX
def test_usable_cores_are_the_smaller_of_affinity_and_quota(tmp_path):
    root = machine_v2(tmp_path, "/", {"cpu.max": "50000 100000"})
    facts = cpu.read(root)
    assert facts["cpu.quota_cores"].value == 0.5
    assert facts["cpu.usable_cores"].value == 0.5
    assert facts["cpu.affinity_cores"].value == len(os.sched_getaffinity(0))


@ON_LINUX
def test_steal_is_a_share_of_a_short_window():
    fact = steal.read(Path("/"))["cpu.steal_fraction"]
    assert 0 <= fact.value <= 1
    assert "/proc/stat" in fact.source


@ON_LINUX
def test_the_memory_limit_comes_from_the_root(tmp_path):
    root = machine_v2(tmp_path, "/", {"memory.max": "1048576"})
    facts = memory.read(root)
    assert facts["memory.cgroup_limit_bytes"].value == 1048576
    assert facts["memory.total_bytes"].value > 0
    assert "memory.cgroup_limit_bytes" not in memory.read(tmp_path / "elsewhere")


@ON_LINUX
def test_a_linux_without_shared_memory_has_0_bytes_of_it(tmp_path):
    assert {fact.value for fact in shm.read(tmp_path).values()} == {0}
    (tmp_path / "dev/shm").mkdir(parents=True)
    assert shm.read(tmp_path)["shm.total_bytes"].value > 0


@ON_POSIX
def test_the_open_files_limit_is_the_one_of_this_process():
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    expected = None if soft == resource.RLIM_INFINITY else soft
    assert limits.read(Path("/"))["limits.open_files_soft_count"].value == expected


def test_memory_maps_come_from_the_root(tmp_path):
    root = write(tmp_path, {"proc/sys/vm/max_map_count": "65530\n"})
    assert limits.read(root)["limits.memory_maps_count"].value == 65530


def test_reading_the_start_methods_does_not_fix_them():
    import multiprocessing

    before = multiprocessing.get_start_method(allow_none=True)
    facts = processes.read(Path("/"))
    assert facts["process.default_start_method"].value == facts["process.start_methods"].value[0]
    assert multiprocessing.get_start_method(allow_none=True) == before


def test_thread_variables_are_read_and_none_where_not_set(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    facts = threads.read(Path("/"))
    assert facts["environment.OMP_NUM_THREADS"].value == "3"
    assert facts["environment.MKL_NUM_THREADS"].value is None


def test_a_thread_variable_that_holds_a_path_is_not_kept(monkeypatch):
    monkeypatch.setenv("OMP_PLACES", "/home/somebody/places")
    assert "environment.OMP_PLACES" not in threads.read(Path("/"))


@pytest.mark.parametrize(
    ("text", "cuda", "hip"),
    [
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\n", None, None),
        ("debug = False\ncuda = '12.4'\nhip = None\n", "12.4", None),
        ('cuda: str | None = None\nhip: str | None = "6.2"\n', None, "6.2"),
    ],
)
def test_the_version_file_of_torch_is_parsed_without_running_it(text, cuda, hip):
    facts = torch_install.parse_version_file(text)
    assert (facts["torch.cuda_version"].value, facts["torch.hip_version"].value) == (cuda, hip)


def test_a_garbled_version_file_gives_no_facts():
    assert torch_install.parse_version_file("cuda = __import__('os').system('x')\n\x00 hip") == {}


def test_the_gpu_query_is_parsed_and_what_a_gpu_does_not_support_is_left_out():
    text = "NVIDIA H100, 81559, 700.00, 550.54.15\nTesla T4, 15360, [N/A], 550.54.15\n"
    facts = {key: fact.value for key, fact in gpu.parse_query(text).items()}
    assert facts == {
        "gpu.count": 2,
        "gpu.driver_version": "550.54.15",
        "gpu.0.model_name": "NVIDIA H100",
        "gpu.0.memory_bytes": 81559 * 1024**2,
        "gpu.0.power_limit_watts": 700.0,
        "gpu.1.model_name": "Tesla T4",
        "gpu.1.memory_bytes": 15360 * 1024**2,
    }


def test_without_nvidia_smi_there_are_no_gpus(monkeypatch):
    monkeypatch.setenv("PATH", "")
    facts = gpu.read(Path("/"))
    assert facts["gpu.count"].value == 0
    assert facts["gpu.processes_count"].value == facts["gpu.processes_memory_bytes"].value == 0
    assert [fact.value for fact in facts.values() if fact.value == []]


def test_what_nvidia_smi_says_of_a_gpus_state_is_read():
    text = (
        "41, 16, 16, Disabled, 0x0000000000000001\n88, 4, 16, [N/A], 0x0000000000000060\n"
        "[N/A], , 8, Enabled, odd\n"
    )
    facts = {key: fact.value for key, fact in gpu.parse_state(text).items()}
    assert facts["gpu.temperatures"] == [41, 88, None]
    assert facts["gpu.link_widths"] == [16, 4, None]
    assert facts["gpu.link_max_widths"] == [16, 16, 8]
    assert facts["gpu.mig_modes"] == ["Disabled", "[N/A]", "Enabled"]
    assert facts["gpu.throttle_reasons"] == [[], ["heat (software)", "heat (hardware)"], None]


def test_processes_of_others_are_counted_with_their_memory():
    facts = gpu.parse_processes("1234, 1024\n99, [N/A]\n")
    assert facts["gpu.processes_count"].value == 2
    assert facts["gpu.processes_memory_bytes"].value == 1 << 30
    assert gpu.parse_processes("").get("gpu.processes_count").value == 0


def fake_nvidia_smi(folder, monkeypatch, body):
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@ON_POSIX
def test_nvidia_smi_is_asked(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, monkeypatch, 'echo "Some GPU, 1024, 70, 500.1"')
    assert gpu.read(Path("/"))["gpu.0.memory_bytes"].value == 1024**3


@ON_POSIX
@pytest.mark.parametrize("unknown", ["clocks_throttle_reasons", "clocks_event_reasons"])
def test_the_state_is_read_whichever_name_the_driver_has_for_throttling(tmp_path, monkeypatch, unknown):
    fake_nvidia_smi(
        tmp_path,
        monkeypatch,
        'case "$1" in\n'
        f'  *{unknown}*) echo "Field is not a valid field to query."; exit 2;;\n'
        '  *reasons*) echo "41, 16, 16, Disabled, 0x0000000000000040";;\n'
        "  *compute-apps*) ;;\n"
        '  *) echo "Some GPU, 1024, 70, 500.1";;\n'
        "esac",
    )
    facts = gpu.read(Path("/"))
    assert facts["gpu.throttle_reasons"].value == [["heat (hardware)"]]
    assert facts["gpu.processes_count"].value == 0


@ON_POSIX
def test_a_driver_that_does_not_answer_leaves_the_count_open_and_says_why(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, monkeypatch, 'echo "NVIDIA-SMI has failed"; exit 9')
    facts = gpu.read(Path("/"))
    assert facts["gpu.count"].value is None
    assert "gpu.processes_count" not in facts
    assert facts["gpu.driver_problem"].value == "nvidia-smi ended with 9: NVIDIA-SMI has failed"


@ON_POSIX
def test_a_driver_that_hangs_is_given_up(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(gpu, "TIME_LIMIT_SECONDS", 0.2)
    assert gpu.read(Path("/"))["gpu.driver_problem"].value == "nvidia-smi did not answer within 0.2 s"


@ON_LINUX
@pytest.mark.parametrize(
    ("files", "container", "hypervisor"),
    [
        ({}, None, None),
        ({".dockerenv": ""}, "docker", None),
        ({"run/.containerenv": ""}, "podman", None),
        ({"proc/1/cgroup": "0::/kubepods/pod1/x\n"}, "kubepods", None),
        ({"sys/class/dmi/id/sys_vendor": "QEMU\n"}, None, "qemu"),
        ({"sys/hypervisor/type": "xen\n"}, None, "xen"),
        ({"proc/sys/kernel/osrelease": "5.15.1-microsoft-standard-WSL2"}, None, "wsl"),
        ({"proc/cpuinfo": "flags\t\t: fpu hypervisor lm\n"}, None, "unnamed"),
        ({"proc/cpuinfo": "flags\t\t: fpu lm\nbugs : hypervisor\n"}, None, None),
    ],
)
def test_container_and_hypervisor_leave_traces(tmp_path, monkeypatch, files, container, hypervisor):
    for variable in ("KUBERNETES_SERVICE_HOST", "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"):
        monkeypatch.delenv(variable, raising=False)
    facts = system.read(write(tmp_path, files))
    assert facts["system.container_name"].value == container
    assert facts["system.hypervisor_name"].value == hypervisor


@ON_LINUX
def test_the_distribution_is_named(tmp_path):
    root = write(tmp_path, {"etc/os-release": 'NAME=x\nPRETTY_NAME="Some Linux 1"\n'})
    assert system.read(root)["system.distribution_name"].value == "Some Linux 1"


@pytest.mark.parametrize("odd", ["ERR!", "[Unknown Error]", "nan", "inf", "1e999", "-1", "", "é"])
def test_what_nvidia_smi_cannot_tell_is_no_number(odd):
    facts = gpu.parse_query(f"NVIDIA H100, {odd}, {odd}, 550.54") | gpu.parse_processes(f"12, {odd}")
    assert "gpu.0.memory_bytes" not in facts
    assert "gpu.0.power_limit_watts" not in facts
    assert facts["gpu.processes_memory_bytes"].value == 0
    state = gpu.parse_state(", ".join([odd] * 5))
    assert state["gpu.temperatures"].value == state["gpu.link_widths"].value == [None]


@ON_POSIX
def test_the_desktops_programs_on_windows_are_not_counted_as_somebody_elses(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, monkeypatch, 'echo "1, 2, 3, 4"')
    monkeypatch.setattr(gpu.shutil, "which", lambda name: str(tmp_path / name))
    monkeypatch.setattr(sys, "platform", "win32")
    assert gpu.read(Path("/"))["gpu.processes_count"].value is None


@ON_LINUX
@pytest.mark.parametrize(("text", "expected"), [("512\n", 512), ("max\n", None)])
def test_the_control_groups_limit_on_processes_comes_from_the_root(tmp_path, text, expected):
    root = machine_v2(tmp_path, "/job", {"pids.max": "max\n", "job/pids.max": text})
    assert limits.read(root)["limits.cgroup_processes_count"].value == expected


@ON_LINUX
def test_limits_that_another_platform_lacks_are_none_and_not_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    facts = limits.read(tmp_path)
    assert facts["limits.cgroup_processes_count"].value is None
    assert facts["limits.memory_maps_count"].value is None


@ON_LINUX
def test_a_card_without_a_driver_is_seen_on_the_bus(tmp_path, monkeypatch):
    devices = "sys/bus/pci/devices"
    files = {
        f"{devices}/0000:01:00.0/vendor": "0x10de\n",
        f"{devices}/0000:01:00.0/class": "0x030200\n",
        f"{devices}/0000:01:00.1/vendor": "0x10de\n",
        f"{devices}/0000:01:00.1/class": "0x040300\n",
        f"{devices}/0000:02:00.0/vendor": "0x1002\n",
        f"{devices}/0000:02:00.0/class": "0x030000\n",
    }
    monkeypatch.setenv("PATH", "")
    facts = gpu.read(write(tmp_path, files))
    assert facts["gpu.pci_count"].value == 1
    assert facts["gpu.driver_problem"].value == "nvidia-smi is not on PATH"
    assert gpu.read(tmp_path / "elsewhere")["gpu.driver_problem"].value is None


@ON_LINUX
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"dev/dxg": "", "sys/bus/pci/devices/5582:00:00.0/vendor": "0x1414\n"}, None),
        ({"sys/bus/pci/devices/0000:00:01.0/vendor": "0x8086\n"}, 0),
    ],
    ids=["no bus", "WSL", "a bus without NVIDIA's"],
)
def test_a_bus_that_shows_no_gpu_at_all_does_not_say_that_there_is_none(tmp_path, files, expected):
    assert gpu.read(write(tmp_path, files))["gpu.pci_count"].value == expected


@ON_LINUX
def test_a_card_that_is_listed_in_two_letter_cases_is_one(tmp_path, monkeypatch):
    card = {"vendor": "0x10de\n", "class": "0x030200\n"}
    names = ("0000:1A:00.0", "0000:1a:00.0", "0000:1b:00.0")
    files = {f"sys/bus/pci/devices/{name}/{file}": text for name in names for file, text in card.items()}
    root = write(tmp_path, files)
    assert gpu.read(root)["gpu.pci_count"].value == 2


@ON_POSIX
def test_nvidia_smi_is_found_where_windows_puts_it_for_linux(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, monkeypatch, 'echo "Some GPU, 1024, 70, 500.1"')
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    monkeypatch.setattr(gpu, "WSL_FOLDER", str(tmp_path))
    assert gpu.read(tmp_path)["gpu.count"].value == 1

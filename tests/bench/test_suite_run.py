"""The suite as a user runs it: pytest in a process of its own, on faulty files and on the real ones."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from bench.options import unopened_json
from bench.workloads import WORKLOADS
from tests.bench import faulty

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and sessions as POSIX has them")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **variables}


def run(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run_faulty(
    folder: Path, *faults: str, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    file = faulty.write(folder, *faults)
    return run(
        "-p",
        "bench.conftest",
        "-c",
        ROOT / "pyproject.toml",
        "--rootdir",
        folder,
        file,
        "--profile",
        "smoke",
        "--benchmark-autosave",
        "--hang-after",
        "2",
        *arguments,
        cwd=folder,
    )


def saved(folder: Path, pattern: str = "0001_*.json") -> dict[str, Any]:
    (path,) = (folder / ".benchmarks").rglob(pattern)
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def result(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("storage")
    ran = run(
        "bench", "-k", "tiny and in-process or dropout_step", "--passes", "3", "--profile", "smoke",
        "--benchmark-autosave", "--benchmark-storage", folder, "--order-seed", "11",
        "--devices", "cpu" if torch.cuda.is_available() else "cpu,cuda",
    )  # fmt: skip
    (path,) = folder.rglob("0001_*.json")
    return ran, json.loads(path.read_text(encoding="utf-8")) | {"path": path}


def test_there_is_one_entry_a_configuration_and_one_value_a_pass(result: Any) -> None:
    _, document = result
    names = [entry["name"] for entry in document["benchmarks"]]
    assert names == ["bench_dropout_step[cpu]", "bench_loader_throughput[tiny-cpu-in-process-0]"]
    for entry in document["benchmarks"]:
        seconds = [one["seconds"] for one in entry["extra_info"]["passes"]]
        assert entry["stats"]["rounds"] == len(seconds) == 3
        assert entry["stats"]["min"] == min(seconds)
        assert entry["stats"]["max"] == max(seconds)


def test_parameters_are_kept_as_they_are(result: Any) -> None:
    entry = next(e for e in result[1]["benchmarks"] if "tiny" in e["name"])
    expected = {"workload": "tiny", "device": "cpu", "start_method": "in-process", "num_workers": 0}
    assert entry["params"] == expected
    assert entry["extra_info"]["topic"] == "loader_throughput"
    assert entry["stats"]["ops"] == pytest.approx(
        entry["extra_info"]["figures"]["samples_per_second"], rel=0.9
    )


def test_the_seed_is_printed_and_stored_and_cuda_is_skipped_with_the_reason(result: Any) -> None:
    ran, document = result
    assert "--order-seed 11" in ran.stdout
    summary = document["torch_checkup"]
    assert (summary["order_seed"], summary["passes"], summary["complete"]) == (11, 3, True)
    if not torch.cuda.is_available():
        assert {one["reason"].split(":")[0] for one in summary["skipped"]} == {"no CUDA"}


def test_facts_are_stamped_in_and_the_host_name_is_not(result: Any) -> None:
    machine_info = result[1]["machine_info"]
    assert machine_info["facts"]["cpu.usable_cores"]["unit"] == "cores"
    assert "node" not in machine_info
    assert "host.name" not in machine_info["facts"]


def test_the_order_of_the_passes_is_recorded(result: Any) -> None:
    entries = result[1]["benchmarks"]
    for number in range(3):
        positions = [entry["extra_info"]["passes"][number]["position"] for entry in entries]
        assert len(set(positions)) == len(positions)


def test_pytest_benchmark_lists_and_compares_the_result(result: Any, tmp_path: Path) -> None:
    twin = shutil.copy(result[1]["path"], tmp_path / "0002_twin.json")
    compare = [sys.executable, "-m", "pytest_benchmark", "compare", str(result[1]["path"]), str(twin)]
    listed = subprocess.run(compare, capture_output=True, text=True, timeout=60, check=True)
    assert listed.stdout.count("bench_dropout_step[cpu]") == 2


def test_no_unfinished_file_is_left_after_a_whole_run(result: Any) -> None:
    folder = result[1]["path"].parent.parent
    assert not list(folder.rglob("unfinished_*"))
    assert not list(folder.rglob("*.tmp"))


def test_quiet_in_a_pipe(result: Any) -> None:
    assert result[0].stderr.strip() == f"Saved benchmark data in: {result[1]['path']}"


def test_faults_are_recorded_and_the_rest_goes_on(tmp_path: Path) -> None:
    ran = run_faulty(tmp_path, "raises", "calm", "hangs", "exits", "skipped", arguments=("--passes", "2"))
    assert ran.returncode == 1
    document = saved(tmp_path)
    failures = {one["params"]["fault"]: one for one in document["torch_checkup"]["failures"]}
    assert {fault: one["kind"] for fault, one in failures.items()} == {
        "raises": "raised",
        "hangs": "hung",
        "exits": "died",
    }
    assert failures["raises"]["reason"] == "ValueError: no such sample: 17"
    assert [entry["params"]["fault"] for entry in document["benchmarks"]] == ["calm"]
    assert "3 failed, 1 passed, 1 skipped" in ran.stdout


def test_a_configuration_that_fails_late_keeps_its_finished_passes(tmp_path: Path) -> None:
    run_faulty(tmp_path, "late_raises", arguments=("--passes", "3"))
    document = saved(tmp_path)
    assert document["torch_checkup"]["failures"][0]["passes_done"] == 1
    assert document["benchmarks"][0]["stats"]["rounds"] == 1


def test_a_failure_shows_the_traceback_of_the_measured_code_and_none_of_ours(tmp_path: Path) -> None:
    ran = run_faulty(tmp_path, "raises")
    assert 'def raises(self): raise ValueError("no such sample: 17")' in ran.stdout
    assert "conftest.py" not in ran.stdout


def start_hanging(folder: Path, *faults: str) -> subprocess.Popen[str]:
    """A run of faults that are named, or of three calm configurations and one that hangs."""
    file = faulty.write(folder, *(faults or ("calm", "calm", "calm", "hangs")))
    arguments = ["-p", "bench.conftest", "-c", ROOT / "pyproject.toml", "--rootdir", folder, file]
    options = ["--profile", "smoke", "--passes", "2", "--benchmark-autosave", "--order-seed", "1"]
    return subprocess.Popen(
        command(*arguments, *options),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_measurements(folder: Path, process: subprocess.Popen[str], count: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for path in (folder / ".benchmarks").glob("unfinished_*.json"):
            if len(json.loads(path.read_text(encoding="utf-8"))["benchmarks"]) >= count:
                return
        time.sleep(0.05)
    raise AssertionError("the unfinished file never held the measurements")


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.fixture
def hanging(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    process = start_hanging(tmp_path, *getattr(request, "param", ()))
    yield process
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in descendants(process):
            child.kill()
    process.kill()
    process.communicate()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_or_a_timeout_saves_what_was_measured_and_leaves_no_process(
    sign: signal.Signals, tmp_path: Path, hanging: Any
) -> None:
    wait_for_measurements(tmp_path, hanging, 1)
    children = descendants(hanging)
    hanging.send_signal(sign)
    stdout, stderr = hanging.communicate(timeout=60)
    assert hanging.returncode == 2
    document = saved(tmp_path)
    assert document["torch_checkup"]["complete"] is False
    assert document["benchmarks"]
    assert "Traceback" not in stdout + stderr
    assert not [child for child in children if child.is_running()]
    assert not list((tmp_path / ".benchmarks").rglob("unfinished_*"))


def test_kill_9_leaves_what_was_measured_on_disk(tmp_path: Path, hanging: Any) -> None:
    wait_for_measurements(tmp_path, hanging, 1)
    hanging.kill()
    hanging.wait()
    document = saved(tmp_path, "unfinished_*.json")
    assert document["torch_checkup"]["complete"] is False
    assert document["benchmarks"][0]["stats"]["median"] == 0.5


def run_tiny(storage: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the suite's least, saved outside of the working folder."""
    saving = ("--profile", "smoke", "--benchmark-autosave", "--benchmark-storage", storage)
    return run("bench", "-k", "throughput and tiny and in-process", *saving, *arguments)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_result_that_cannot_be_saved_stays_in_the_unfinished_file(tmp_path: Path) -> None:
    ran = run_tiny(tmp_path, "--benchmark-json", "/dev/full")
    assert ran.returncode == 4
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "The result cannot be saved: " in ran.stdout
    (path,) = tmp_path.glob("unfinished_*.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["torch_checkup"]["complete"] is True
    assert document["benchmarks"]


def test_a_place_that_cannot_take_the_result_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    ran = run_tiny(tmp_path, "--benchmark-json", tmp_path / "missing" / "out.json")
    assert ran.returncode == 4
    argparse_says = f"can't open '{tmp_path}/missing/out.json'"  # with pytest-benchmark 5.2.3 and older
    assert "missing/out.json cannot be written" in ran.stderr or argparse_says in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert not list(tmp_path.rglob("*.json"))


def test_a_json_file_that_pytest_benchmark_has_opened_is_not_checked_again(tmp_path: Path) -> None:
    def read(value: object) -> Path | None:
        config: Any = SimpleNamespace(getoption=lambda name: value)
        return unopened_json(config)

    path = tmp_path / "out.json"
    with path.open("wb") as file:
        assert [read(value) for value in (path, file, None)] == [path, None, None]


def test_a_run_is_compared_with_one_whose_facts_differ_in_a_line(tmp_path: Path) -> None:
    assert run_tiny(tmp_path).returncode == 0
    (path,) = tmp_path.rglob("0001_*.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document["machine_info"]["facts"] = {"memory.available_bytes": {"value": 1}}
    path.write_text(json.dumps(document), encoding="utf-8")
    ran = run_tiny(tmp_path, "--benchmark-compare")
    assert ran.returncode == 0
    assert "0001_" in ran.stdout
    assert "machine_info" not in ran.stderr


def test_a_gate_over_a_broken_result_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "0001_broken.json").write_text('{"benchmarks": []')
    ran = run_tiny(tmp_path, "--benchmark-compare", "0001", "--benchmark-compare-fail", "min:5%")
    assert ran.returncode == 4
    assert "--benchmark-compare-fail has nothing to compare with" in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("hanging", [("studies",)], indirect=True)
@pytest.mark.parametrize(("sign", "pattern"), [("SIGINT", "0001_*.json"), ("SIGKILL", "unfinished_*.json")])
def test_a_study_that_is_cut_off_in_its_first_pass_keeps_what_it_has_come_to(
    sign: str, pattern: str, tmp_path: Path, hanging: Any
) -> None:
    wait_for_measurements(tmp_path, hanging, 1)
    hanging.send_signal(signal.Signals[sign])
    stdout, stderr = hanging.communicate(timeout=60)
    document = saved(tmp_path, pattern)
    assert document["torch_checkup"]["complete"] is False
    [entry] = document["benchmarks"]
    [unfinished] = entry["extra_info"]["passes"]
    assert unfinished["unfinished"] is True
    assert entry["extra_info"]["study"] == {"epochs": len(unfinished["rounds_seconds"])}
    assert "Traceback" not in stdout + stderr
    if sign == "SIGINT":
        assert "bench_faulty[studies]: cut off in its first pass" in stdout


@pytest.mark.parametrize("hanging", [("hangs",)], indirect=True)
def test_where_nothing_was_measured_before_ctrl_c_the_terminal_says_so(tmp_path: Path, hanging: Any) -> None:
    deadline = time.monotonic() + 60
    while not list((tmp_path / ".benchmarks").glob("unfinished_*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    hanging.send_signal(signal.SIGINT)
    stdout, _ = hanging.communicate(timeout=60)
    assert "Nothing was saved: no configuration was measured" in stdout
    assert not list((tmp_path / ".benchmarks").rglob("*.json"))


def test_data_that_cannot_be_used_end_the_run_in_one_sentence(tmp_path: Path) -> None:
    ran = run_faulty(tmp_path, "unusable")
    assert ran.returncode == 4
    assert "ERROR: mine.py:data: no pairs" in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert not list((tmp_path / ".benchmarks").rglob("*"))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--passes", "0", "expected a whole number of at least 1"),
        ("--workers", "0,two", "expected whole numbers separated by commas"),
        ("--start-methods", "thread", "valid are fork, spawn, forkserver"),
        ("--devices", "gpu", "valid are cpu, cuda"),
        ("--hang-after", "0", "expected a number of seconds above 0"),
        ("--dataset", "nowhere.py:make", "there is no such file"),
    ],
)
def test_a_wrong_option_is_refused_with_the_valid_ones(option: str, value: str, message: str) -> None:
    ran = run("bench", option, value, "--collect-only")
    assert ran.returncode == 4
    assert message in ran.stderr


def test_one_of_several_test_processes_measures_nothing_and_says_why(tmp_path: Path) -> None:
    plugin = "def pytest_configure(config):\n    config.workerinput = {}  # as pytest-xdist marks its own\n"
    (tmp_path / "parallel.py").write_text(plugin, encoding="utf-8")
    ran = run_faulty(tmp_path, "calm", arguments=("-p", "parallel", "-rs"))
    assert "1 skipped" in ran.stdout
    assert "without -n" in ran.stdout


def test_options_narrow_the_grid() -> None:
    ran = run(
        "bench", "--collect-only", "-q", "--workers", "0,3", "--start-methods", "spawn", "--devices", "cpu"
    )
    loaders = [line for line in ran.stdout.splitlines() if "bench_loader_throughput[" in line]
    cases = {line.partition("[")[2].rstrip("]") for line in loaders}
    workloads = tuple(WORKLOADS)
    assert cases == {f"{w}-cpu-{rest}" for w in workloads for rest in ("in-process-0", "spawn-3")}


def test_what_the_options_leave_no_row_of_is_deselected() -> None:
    ran = run("bench", "--collect-only", "-q", "-k", "transfers", "--devices", "cpu")
    assert "deselected" in ran.stdout
    assert "error" not in ran.stdout.lower()


def test_the_quick_profile_pairs_the_whole_curve_with_one_start_method() -> None:
    ran = run("bench", "--collect-only", "-q", "-k", "image and cpu")
    counts = [line.rstrip("]").rpartition("-")[2] for line in ran.stdout.splitlines() if "-fork-" in line]
    assert counts == ["1", "2", "4"]


def test_a_storage_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    storage = tmp_path / "file" / "storage"
    ran = run("bench", "-k", "tiny and in-process", "--benchmark-autosave", "--benchmark-storage", storage)
    assert ran.returncode == 4
    assert f"{storage} cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout


def test_the_users_own_dataset_is_measured_in_place_of_the_workloads(tmp_path: Path) -> None:
    data = tmp_path / "own_data.py"
    data.write_text("def make():\n    return [[1.0, 2.0]] * 10\n", encoding="utf-8")
    ran = run(
        "bench", "-k", "loader and cpu", "--dataset", f"{data}:make", "--workers", "0,1",
        "--profile", "smoke", "--benchmark-json", tmp_path / "out.json",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    entries = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["benchmarks"]
    assert {entry["params"]["workload"] for entry in entries} == {f"{data}:make"}

"""The live trials: what they say of machines that lack something, and of this one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diagnostics import trials
from diagnostics.trials import (
    cuda_round_trip,
    held_batches,
    parallel_speedup,
    pickling,
    plumbing,
    shared_memory,
    start_methods,
)

FOLDER = Path(trials.__path__[0])
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and /dev/shm")


def facts_of(name: str, *limits: str, **variables: str) -> dict[str, Any]:
    """Run a trial as `gather` does, after shell commands that set limits; values by key."""
    command = "; ".join([*limits, f'exec "{sys.executable}" "{FOLDER / name}.py"'])
    done = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    document = json.loads(done.stdout.splitlines()[-1])
    return {key: fact["value"] for key, fact in document["facts"].items()}


@ON_LINUX
def test_every_start_method_is_tried_and_timed() -> None:
    facts = facts_of("start_methods")
    for name in start_methods.METHODS:
        assert facts[f"trial.{name}_loader_outcome"] == "works", facts[f"trial.{name}_loader_problem"]
        assert 0 < facts[f"trial.{name}_first_batch_seconds"] <= facts[f"trial.{name}_all_workers_seconds"]
        assert facts[f"trial.{name}_worker_pss_bytes"] > 0
    preloaded = facts["trial.forkserver_preload_worker_uss_bytes"]
    assert preloaded < facts["trial.forkserver_worker_uss_bytes"]


def test_a_start_method_that_raises_tells_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", sys.executable)
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(start_methods, "__file__", "no such file.py")
    found = start_methods.tried("spawn")
    assert found["outcome"] == "failed"
    assert "No such file" in found["problem"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("import os; os.kill(os.getpid(), 11)", "died"),
        ("import sys, time; print('OSError: no space', file=sys.stderr, flush=True); time.sleep(60)", "hung"),
    ],
)
def test_a_start_method_that_dies_or_hangs_is_told(
    code: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trial.py").write_text(code)
    monkeypatch.setattr(start_methods, "__file__", str(tmp_path / "trial.py"))
    found = start_methods.tried("spawn", 3.0)
    assert found["outcome"] == outcome
    assert outcome == "died" or found["problem"].endswith("within 3 s; OSError: no space")
    facts = start_methods.as_facts("spawn", found)
    assert facts["trial.spawn_all_workers_seconds"]["value"] is None


def test_a_start_method_is_waited_for_by_how_long_torch_takes_to_import_here() -> None:
    limits = [start_methods.limit_seconds(seconds) for seconds in (0.5, 2.0, 40.0)]
    assert limits == [14.0, 26.0, start_methods.MOST_SECONDS]


def test_a_start_method_that_is_not_there_has_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert start_methods.tried("fork")["outcome"] is None


@ON_LINUX
def test_shared_memory_is_written_up_to_a_safe_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_memory, "MOST_BYTES", 9 << 20)
    found = {key: fact["value"] for key, fact in shared_memory.measured(str(tmp_path)).items()}
    assert found["trial.shm_written_bytes"] == found["trial.shm_asked_bytes"] == 9 << 20
    assert list(tmp_path.iterdir()) == []
    absent = shared_memory.measured(str(tmp_path / "none"))
    assert {fact["value"] for fact in absent.values()} == {None}


@ON_LINUX
def test_shared_memory_is_written_up_to_a_share_of_what_the_control_group_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_ROOM_BYTES", str(40 << 20))
    found = shared_memory.measured(str(tmp_path))
    assert found["trial.shm_asked_bytes"]["value"] == 10 << 20


@ON_LINUX
@pytest.mark.parametrize("room", [0, 1 << 20])
def test_where_no_room_is_left_to_try_nothing_is_said_of_shared_memory(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_ROOM_BYTES", str(room))
    assert shared_memory.measured(str(tmp_path)) == {}


@ON_LINUX
def test_shared_memory_that_refuses_even_the_least_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setenv("TRIAL_ROOM_BYTES", "0")
    monkeypatch.setattr(shared_memory.tempfile, "TemporaryFile", refuse)
    found = shared_memory.measured(str(tmp_path))
    assert found["trial.shm_problem"]["value"] == "Read-only file system (errno 30)"


def test_shared_memory_that_is_refused_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    written, _, problem = shared_memory.filled("/tmp", 1 << 20)
    assert (written, problem) == (0, "No space left on device (errno 28)")


@ON_LINUX
def test_kept_batches_run_into_the_limit_and_the_users_own_limit_is_what_counts() -> None:
    facts = facts_of("held_batches", "ulimit -Sn 300")
    assert facts["trial.open_files_per_batch_count"] == pytest.approx(2, abs=0.1)
    assert 100 < facts["trial.held_batches_count"] < 150
    assert facts["trial.held_batches_problem"]


def test_batches_that_hold_no_files_are_no_number() -> None:
    facts = held_batches.as_facts([5, 5, 5], None, 1024, 5)
    assert facts["trial.held_batches_count"]["value"] is None


def test_a_lambda_a_local_class_and_an_open_file_are_refused_a_function_is_not() -> None:
    facts = facts_of("pickling")
    assert facts.pop("trial.pickle_function_problem") is None
    assert len(facts) == 3
    assert all(facts.values())
    assert pickling.refusal(pickling.plain_function) is None


@ON_LINUX
def test_a_long_temporary_folder_refuses_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    facts = facts_of("plumbing", TRIAL_TMPDIR=str(deep))
    assert facts["trial.semaphore_problem"] is None
    assert facts["trial.socket_path_bytes"] > 107
    assert "too long" in facts["trial.socket_problem"]
    assert list(deep.iterdir()) == []
    length, problem = plumbing.socket_facts(str(tmp_path / "none"))
    assert length
    assert problem == "No such file or directory (errno 2)"


def test_no_temporary_folder_at_all_is_a_socket_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.delenv("TRIAL_TMPDIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", refuse)
    folder, absent = plumbing.users_folder()
    assert folder == ""
    assert "No usable temporary directory" in str(absent)


def test_numbers_of_processes_go_up_to_the_cores() -> None:
    tried = {cores: parallel_speedup.numbers_tried(cores) for cores in (1, 2, 3, 6, 64)}
    assert tried == {1: [], 2: [2], 3: [2, 3], 6: [2, 4, 6], 64: [2, 4, 8, 16, 32]}


def test_the_speed_up_is_what_all_do_against_what_one_does() -> None:
    document = parallel_speedup.as_document({2: [(2.0, 1.1)], 4: [(4.0, 1.3)]}, 4)
    assert document["facts"]["trial.parallel_processes_count"]["value"] == 4
    assert document["pairs"]["trial.parallel_speedup_ratio"] == {"numerator": [4.0], "denominator": [1.3]}
    assert parallel_speedup.as_document({}, 1)["pairs"]["trial.parallel_speedup_ratio"]["numerator"] == []


def test_counters_count_together_and_end() -> None:
    counters = parallel_speedup.Counters(2)
    pairs = parallel_speedup.measured(counters, [2])
    counters.close()
    assert len(pairs[2]) >= 3
    assert all(one > 0 and both > 0 for one, both in pairs[2])
    assert [process.returncode for process in counters.processes] == [0, 0]


class Device:
    """Stands in for torch, its tensors and its device; every call takes time on a clock of its own."""

    uint8 = "uint8"

    def __init__(self, problem: str = "") -> None:
        self.problem, self.now, self.num_copies = problem, 0.0, 0

    def seconds(self) -> float:
        return self.now

    def _made(self, place: str) -> "Device":
        self.now += 100.0
        if self.problem == place:
            raise RuntimeError("CUDA error: out of memory\nand more")
        return self

    def zeros(self, *_: object, device: str = "", pin_memory: bool = False, **__: object) -> "Device":
        return self._made("second pin" if pin_memory else "touch")

    def empty(self, *_: object, **__: object) -> "Device":
        return self._made("device")

    def randint(self, *_: object, **__: object) -> "Device":
        return self

    def pin_memory(self) -> "Device":
        return self._made("pin")

    def copy_(self, *_: object, **__: object) -> None:
        self.num_copies += 1
        self.now += 10.0 if self.num_copies == 1 else 1.0

    def equal(self, *_: object) -> bool:
        return self.problem != "changed"

    @property
    def cuda(self) -> "Device":
        return self

    def synchronize(self) -> None:
        if self.problem == "copy" and self.num_copies:
            raise RuntimeError("no kernel image is available")
        self.now += 0.5


@pytest.mark.parametrize(
    ("problem", "key", "said"),
    [
        ("touch", "problem", "RuntimeError: CUDA error: out of memory"),
        ("pin", "pin_problem", "RuntimeError: CUDA error: out of memory"),
        ("second pin", "pin_problem", "RuntimeError: CUDA error: out of memory"),
        ("device", "problem", "RuntimeError: CUDA error: out of memory"),
        ("copy", "problem", "RuntimeError: no kernel image is available"),
        ("changed", "problem", "what came back differs from what was sent"),
    ],
)
def test_what_goes_wrong_on_the_way_to_the_device_is_told(problem: str, key: str, said: str) -> None:
    assert cuda_round_trip.round_trip(Device(problem)) == {key: said}


def test_the_seconds_of_a_round_trip_are_those_of_a_copy_alone_and_not_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = Device()
    monkeypatch.setattr(cuda_round_trip.time, "perf_counter", device.seconds)
    found = cuda_round_trip.round_trip(device)
    assert found == {"to_device_seconds": 1.5, "to_host_seconds": 1.5}


FAKE_TORCH = """
import os
__version__ = "2.11.0"
uint8 = "uint8"
class version: cuda, hip = "13.0", None
class __config__:
    show = parallel_info = staticmethod(str)
get_num_threads = get_num_interop_threads = lambda: 1
class AcceleratorError(RuntimeError): ...
def refuse(*_, **__): raise AcceleratorError("CUDA error: uncorrectable ECC error encountered\\nand more")
def die(*_, **__): os._exit(3)
class Tensor:
    def pin_memory(self): return self
    def copy_(self, *_, **__): ...
    def equal(self, _): return True
class cuda:
    is_available = staticmethod(lambda: True)
    device_count = staticmethod(lambda: 1)
    get_device_name = staticmethod(lambda _: "Some GPU")
    synchronize = staticmethod(lambda: None)
zeros = empty = randint = lambda *_, **__: Tensor()
equal = Tensor.equal
"""


def facts_with_fake_torch(name: str, folder: Path, change: str = "") -> dict[str, Any]:
    """Run a trial beside a torch whose GPU is made of words; one that dies keeps what it has said."""
    (folder / "torch").mkdir()
    (folder / "torch/__init__.py").write_text(FAKE_TORCH + change)
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py")],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    document = json.loads(done.stdout.splitlines()[-1])
    return {key: fact["value"] for key, fact in document["facts"].items()}


@pytest.mark.parametrize("call", ["is_available", "get_device_name"])
def test_a_gpu_that_does_not_answer_is_no_torch_that_cannot_be_imported(call: str, tmp_path: Path) -> None:
    facts = facts_with_fake_torch("torch_build", tmp_path, f"cuda.{call} = refuse")
    assert facts["trial.torch_import_problem"] is None
    assert facts["torch.version"] == "2.11.0"
    assert facts["torch.cuda_problem"] == "AcceleratorError: CUDA error: uncorrectable ECC error encountered"
    assert "torch.cuda_device_names" not in facts


def test_a_gpu_that_takes_the_process_with_it_leaves_what_torch_said_of_itself(tmp_path: Path) -> None:
    facts = facts_with_fake_torch("torch_build", tmp_path, "cuda.get_device_name = die")
    assert facts["trial.torch_import_problem"] is None
    assert facts["torch.cuda_version"] == "13.0"


@pytest.mark.parametrize("version", ["", "version.cuda, version.hip = None, '6.4'"])
def test_a_round_trip_that_works_overrules_what_nvidia_smi_did_not_say(version: str, tmp_path: Path) -> None:
    facts = facts_with_fake_torch("cuda_round_trip", tmp_path, version)
    assert facts["trial.cuda_problem"] is None
    assert facts["trial.cuda_to_host_seconds"] is not None
    assert facts["gpu.driver_problem"] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [("zeros = refuse", "uncorrectable ECC error"), ("zeros = die", "hung, or the process died")],
)
def test_a_gpu_that_cannot_be_touched_is_the_rounds_problem_and_not_the_drivers(
    change: str, said: str, tmp_path: Path
) -> None:
    facts = facts_with_fake_torch("cuda_round_trip", tmp_path, change)
    assert said in facts["trial.cuda_problem"]
    assert facts["trial.cuda_pin_problem"] is None
    assert "gpu.driver_problem" not in facts


@pytest.mark.cuda
def test_a_real_gpu_is_used_and_refuses_a_forked_child() -> None:
    facts = facts_of("cuda_round_trip")
    assert facts["trial.cuda_problem"] is None
    assert facts["trial.cuda_pin_problem"] is None
    assert facts["trial.cuda_to_device_seconds"] > 0
    assert facts["trial.cuda_to_host_seconds"] > 0
    assert facts["gpu.driver_cuda_version"]
    assert "forked subprocess" in facts["trial.cuda_after_fork_answer"]

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench import gpu_lock
from bench.gpu_lock import GpuLock
from bench.host import Host

ROOT = Path(__file__).resolve().parents[2]
HOLDS = (
    "import sys; from pathlib import Path; from bench.gpu_lock import GpuLock; "
    "lock = GpuLock('GPU-1', Path(sys.argv[1])); print(lock.try_acquire(), flush=True); sys.stdin.read()"
)


@contextmanager
def another_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that tries to take the lock, and keeps it until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_a_second_process_does_not_get_the_gpu_that_the_first_one_has(tmp_path: Path) -> None:
    lock = GpuLock("GPU-1", tmp_path)
    assert lock.try_acquire()
    with another_process(tmp_path) as (_, answer):
        assert answer == "False"
    assert lock.holder() == os.getpid()
    lock.release()


def test_a_holder_that_is_killed_frees_the_gpu_and_is_named_until_then(tmp_path: Path) -> None:
    lock = GpuLock("GPU-1", tmp_path)
    with another_process(tmp_path) as (process, answer):
        assert answer == "True"
        assert not lock.try_acquire()
        assert lock.holder() == process.pid
        process.kill()
        process.wait()
        assert lock.try_acquire()
    lock.release()


def test_two_gpus_are_two_locks_and_a_lock_is_taken_again_by_its_holder(tmp_path: Path) -> None:
    first, second = GpuLock("GPU-1", tmp_path), GpuLock("GPU-2", tmp_path)
    assert first.try_acquire()
    assert first.try_acquire()
    assert second.try_acquire()
    assert not GpuLock("GPU-1", tmp_path).try_acquire()
    first.release()
    assert GpuLock("GPU-1", tmp_path).try_acquire()


def test_no_uuid_leaves_the_folder(tmp_path: Path) -> None:
    assert GpuLock("../../etc/x y", tmp_path).path.parent == tmp_path


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="no O_NOFOLLOW here")
def test_a_link_that_somebody_laid_is_not_followed(tmp_path: Path) -> None:
    lock = GpuLock("GPU-1", tmp_path)
    (tmp_path / "precious").write_text("7", encoding="ascii")
    lock.path.symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match=r"lock|symbolic"):
        lock.try_acquire()
    assert (tmp_path / "precious").read_text(encoding="ascii") == "7"


class Answering(Host):
    """A host whose measuring process is told what to say."""

    def __init__(self, *users: str | None) -> None:
        super().__init__(poll_seconds=0.0)
        self.users = list(users)

    def _ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        if action == "hold":
            return {"in_use_by": self.users.pop(0)}
        return {"unit": "call"} if action == "build" else {"seconds": 1.0}


def measure(host: Host, device: str) -> None:
    host.measure("x", Path("file"), "function", {"device": device}, seconds=0.1, until=1.0)


def test_a_run_waits_for_the_gpu_and_says_once_for_whom(capsys: pytest.CaptureFixture[str]) -> None:
    with Answering("process 7", "process 7", "process 7", None) as host:
        measure(host, "cuda")
        assert host.users == []
    assert capsys.readouterr().err == "cuda is in use by another benchmark (process 7): waiting for it\n"


def test_the_cpu_is_waited_for_by_nobody() -> None:
    with Answering() as host:
        measure(host, "cpu")


def test_a_device_in_use_names_its_user_and_a_lock_that_fails_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="GPU-1"))
    monkeypatch.setattr(gpu_lock.tempfile, "gettempdir", lambda: str(tmp_path))
    with another_process(tmp_path) as (process, _):
        monkeypatch.setattr(gpu_lock, "_held", {})
        assert gpu_lock.in_use_by("cuda:0") == f"process {process.pid}"
    monkeypatch.setattr(gpu_lock, "_held", {})
    monkeypatch.setattr(gpu_lock.tempfile, "gettempdir", lambda: str(tmp_path / "nowhere"))
    assert gpu_lock.in_use_by("cuda:0") is None
    assert "not guarded" in capsys.readouterr().err
    assert gpu_lock.in_use_by("cpu") is None
    assert gpu_lock.in_use_by("cuda:1") is None


@pytest.mark.cuda
def test_on_a_gpu_the_lock_is_that_of_the_gpus_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[str, GpuLock] = {}
    monkeypatch.setattr(gpu_lock, "_held", held)
    try:
        assert gpu_lock.in_use_by("cuda") is None
        uuid = str(torch.cuda.get_device_properties(0).uuid)
        assert not GpuLock(uuid).try_acquire()
    finally:  # benchmarks that other tests run want the GPU too
        for lock in held.values():
            lock.release()

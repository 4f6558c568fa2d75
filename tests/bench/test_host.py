import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.host import Host, MeasurementError, SkippedHereError, describe_exit
from tests.bench import faulty


def measure(host: Host, file: Path, fault: str) -> dict:
    params = {"fault": fault}
    return host.measure(f"faulty[{fault}]", file, "bench_faulty", params, seconds=0.1, until=1.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return faulty.write(tmp_path)


@pytest.fixture
def host() -> Iterator[Host]:
    with Host(limit_seconds=5) as one:
        yield one


def test_a_pass_holds_the_median_its_rounds_and_what_may_have_disturbed_it(host: Host, file: Path) -> None:
    record = measure(host, file, "calm")
    assert record["seconds"] == 0.5
    assert record["rounds_seconds"] == [0.25, 0.5, 1.0]
    assert set(record["reference"]) == {"arithmetic_seconds", "copy_seconds", "pipe_seconds"}
    assert all(seconds > 0 for seconds in record["reference"].values())
    assert {"steal_fraction", "load_1min"} <= set(record)


def test_nan_arrives_as_none(host: Host, file: Path) -> None:
    assert measure(host, file, "calm")["figures"] == {"answer": 42.0, "nothing": None}


def test_the_unit_comes_with_the_first_pass_only(host: Host, file: Path) -> None:
    assert measure(host, file, "calm")["unit"] == "call"
    assert "unit" not in measure(host, file, "calm")


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ("raises", "raised", "ValueError: no such sample: 17"),
        ("unbuildable", "raised", "FileNotFoundError: no data folder"),
        ("unusable", "unusable", "mine.py:data: no pairs"),
        ("asks", "raised", "answered ''"),
        ("exits", "died", "ended with exit code 7"),
        pytest.param(
            "kills_itself",
            "died",
            "died of SIGKILL",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL"),
        ),
    ],
)
def test_a_fault_is_named_and_the_next_configuration_is_measured(
    host: Host, file: Path, fault: str, kind: str, reason: str
) -> None:
    with pytest.raises(MeasurementError) as caught:
        measure(host, file, fault)
    assert (caught.value.kind, reason in caught.value.reason) == (kind, True)
    assert measure(host, file, "calm")["seconds"] == 0.5


def test_after_an_error_that_cuda_does_not_survive_the_next_configuration_has_a_fresh_process(
    host: Host, file: Path
) -> None:
    with pytest.raises(MeasurementError, match="illegal memory access"):
        measure(host, file, "breaks_the_gpu")
    assert host._process is None
    assert measure(host, file, "calm")["seconds"] == 0.5


@pytest.mark.parametrize("moment", ["building", "measuring"])
def test_what_finds_no_memory_beside_others_is_measured_without_them_and_they_are_built_again(
    host: Host, file: Path, moment: str
) -> None:
    assert measure(host, file, f"large_when_{moment}")["unit"] == "call"
    assert measure(host, file, "calm")["unit"] == "call"
    params = {"fault": f"large_when_{moment}"}
    again = host.measure("another", file, "bench_faulty", params, seconds=0.1, until=1.0)
    assert (again["seconds"], again["unit"]) == (0.5, "call")
    assert measure(host, file, "calm")["unit"] == "call"


def test_what_is_too_large_for_this_machine_fails_and_no_other_does(host: Host, file: Path) -> None:
    measure(host, file, "calm")
    for _ in range(2):
        with pytest.raises(MeasurementError, match="no room at all"):
            measure(host, file, "too_large")
    assert measure(host, file, "calm")["seconds"] == 0.5


def test_when_the_host_is_gone_the_measuring_process_lets_go_of_what_it_has(
    host: Host, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    measure(host, file, "careful")
    process = host._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    assert (tmp_path / "closed").exists()


@pytest.mark.parametrize("fault", ["hangs", "hangs_in_a_lock"])
def test_a_hang_is_ended_and_its_place_is_named(file: Path, fault: str) -> None:
    with Host(limit_seconds=1) as host:
        with pytest.raises(MeasurementError) as caught:
            measure(host, file, fault)
        assert caught.value.kind == "hung"
        assert caught.value.reason.startswith("no result within 1 s, at ")
        assert f"in {fault}" in caught.value.details
        assert measure(host, file, "calm")["seconds"] == 0.5


@pytest.mark.parametrize("fault", ["calm", "kills_itself"])
def test_nothing_is_left_in_the_temporary_folder(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with Host(limit_seconds=5) as host, contextlib.suppress(MeasurementError):
        measure(host, file, fault)
    assert list(folder.iterdir()) == []


def test_the_reason_for_skipping_is_passed_on(host: Host, file: Path) -> None:
    with pytest.raises(SkippedHereError, match="not on this machine"):
        measure(host, file, "skipped")


def test_prints_of_the_measured_code_do_not_break_the_protocol(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "bench_noisy.py"
    noisy = 'print("{", flush=True)\nimport os\nos.write(1, b"noise")\n'
    path.write_text(noisy + "FAULTS = []\n" + faulty.SOURCE, encoding="utf-8")
    assert measure(host, path, "calm")["seconds"] == 0.5


def test_measured_code_that_leaves_does_not_take_the_pipe_with_it(host: Host, file: Path) -> None:
    with pytest.raises(MeasurementError) as caught:
        measure(host, file, "closes_the_streams")
    assert (caught.value.kind, caught.value.reason) == ("raised", "SystemExit: enough")
    assert measure(host, file, "calm")["seconds"] == 0.5


def test_what_a_study_comes_to_in_its_first_pass_is_heard_of_before_the_pass_is_over(file: Path) -> None:
    class EnoughError(Exception):
        pass

    heard = []

    def kept(name: str, so_far: dict[str, object]) -> None:
        heard.append((name, so_far))
        raise EnoughError

    with pytest.raises(EnoughError), Host(limit_seconds=5, kept=kept) as host:
        measure(host, file, "studies")
    [(name, so_far)] = heard
    assert (name, so_far["unit"], so_far["seconds"]) == ("faulty[studies]", "call", 0.5)
    assert so_far["study"] == {"epochs": len(so_far["rounds_seconds"])}
    assert {"reference", "disturbed"} <= set(so_far)


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are POSIX")
def test_no_process_is_left_when_the_measuring_process_died_before_its_child(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHILD_PID_FILE", str(tmp_path / "pid"))
    with Host(limit_seconds=5) as host:
        with pytest.raises(MeasurementError):
            measure(host, file, "leaves_a_child")
        assert not is_running(int((tmp_path / "pid").read_text()))


def test_no_process_is_left_on_leaving(file: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with Host() as host:
        measure(host, file, "calm")
        assert {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert not {child.pid for child in psutil.Process().children(recursive=True)} - before


def is_running(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [(3, "ended with exit code 3"), (-9, "died of SIGKILL"), (-99, "died of signal 99")],
)
def test_exit_codes_in_words(exit_code: int, words: str) -> None:
    if exit_code == -9 and os.name == "nt":
        pytest.skip("signals have no names on Windows")
    assert describe_exit(exit_code) == words


def test_long_work_that_still_moves_is_no_hang(tmp_path: Path) -> None:
    slow = tmp_path / "bench_slow.py"
    slow.write_text(
        "import time\n"
        "from bench.configuration import PassResult\n"
        "from bench.heartbeat import beat\n"
        "class Slow:\n"
        "    unit = 'call'\n"
        "    def warm_up(self): ...\n"
        "    def close(self): ...\n"
        "    def measure(self, seconds, until):\n"
        "        for _ in range(8):\n"
        "            time.sleep(0.5)\n"
        "            beat()\n"
        "        return PassResult([1.0])\n"
        "def make(): return Slow()\n"
    )
    with Host(2.0) as host:
        record = host.measure("slow", slow, "make", {}, seconds=0.1, until=1.0)
        assert record["seconds"] == 1.0

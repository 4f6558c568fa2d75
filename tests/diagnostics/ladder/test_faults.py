"""Data that fail end in a diagnosis, and no process is left of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytest.importorskip("torch")

from diagnostics.__main__ import main
from diagnostics.ladder.climbing import Climb, Climbed, Effort
from diagnostics.ladder.failures import findings_of
from diagnostics.ladder.laboratory import FailedError, Laboratory, reason_in
from diagnostics.outcomes import UsageError
from diagnostics.tuning.trying import Tuner

FAULTY, CASES = (Path(__file__).with_name(name) for name in ("faulty.py", "cases.py"))
ROOT = Path(__file__).parents[3]
QUICK = Effort(rounds=1, turn_seconds=0.02, sampling_seconds=0.02, cores_seconds=0.01, memory_seconds=0.01)
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and process groups of POSIX")


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    with Laboratory(sys.executable) as opened:
        yield opened


def climb(lab: Laboratory, name: str) -> Climbed:
    about = lab.ask("load", target=f"{FAULTY}:{name}")
    return Climb(lab, about, None, False, QUICK).run(lambda what: None)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("leaving", "worker-exited-unknown"),
        ("raising", "dataset-exception"),
        ("ragged", "collate-shape-mismatch"),
        ("shm", "shm-exhausted"),
        ("locked", "unpicklable-handle"),
        ("local", "unpicklable-local"),
    ],
)
def test_the_first_finding_is_the_cause(lab: Laboratory, name: str, slug: str) -> None:
    with pytest.raises(FailedError) as caught:
        climb(lab, name)
    findings = findings_of(caught.value)
    assert findings[0].slug == slug, findings
    assert not any("torch_checkup_lab" in line for line in findings[0].evidence)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Laboratory(sys.executable) as lab:
        lab.ask("load", target=f"{CASES}:waiting")
        lab.ask("open", name="loader", arguments={"num_workers": 1})
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_in_the_temporary_folder_by_a_child_that_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Laboratory(sys.executable) as lab:
        lab.ask("load", target=f"{FAULTY}:dying_alone")
        assert list(tmp_path.iterdir())
        with pytest.raises(FailedError, match="died of signal"):
            lab.ask("open", name="loader", arguments={"num_workers": 0})
    assert list(tmp_path.iterdir()) == []


def test_tuning_data_that_no_worker_can_be_sent_ends_in_the_same_diagnosis(lab: Laboratory) -> None:
    about = lab.ask("load", target=f"{FAULTY}:locked")
    tuned = Tuner(lab, about, 0.0, 20.0).run(lambda what: None)
    assert tuned.chosen.setting.num_workers == 0
    assert tuned.failure is not None
    assert findings_of(tuned.failure)[0].slug == "unpicklable-handle"


def test_a_stream_without_samples_is_refused_in_a_sentence(lab: Laboratory) -> None:
    with pytest.raises(UsageError, match="Nothing yields no sample"):
        climb(lab, "nothing")


def test_a_stream_with_fewer_shards_than_workers_is_measured(lab: Laboratory) -> None:
    rungs = {rung.name: rung for rung in climb(lab, "one_shard").rungs}
    assert all(0 < rate < 2000 for rate in rungs["workers with payload"].rates)


@ON_POSIX
def test_a_worker_that_hangs_is_named_with_its_place_and_ended() -> None:
    with Laboratory(sys.executable, hang_seconds=3.0) as lab:
        assert lab._child is not None
        lab.ask("load", target=f"{FAULTY}:hanging")
        with pytest.raises(FailedError) as caught:
            lab.ask("open", name="loader", arguments={"num_workers": 2})
        below = psutil.Process(lab._child.pid).children(recursive=True)
    first = findings_of(caught.value)[0]
    assert first.slug == "hang-in-worker"
    assert "faulty.py" in first.summary
    assert "__getitem__" in first.summary
    assert below
    assert psutil.wait_procs(below, timeout=10)[1] == []


@ON_POSIX
@pytest.mark.parametrize(
    ("name", "reason"),
    [("hanging", r"nothing moved for 3 s"), ("dying_alone", r"the measuring process died of signal 9")],
)
def test_a_child_that_hung_or_died_is_not_waited_for_again(name: str, reason: str) -> None:
    with Laboratory(sys.executable, hang_seconds=3.0) as lab:
        lab.ask("load", target=f"{FAULTY}:{name}")
        with pytest.raises(FailedError, match=f"^{reason}$") as first:
            lab.ask("open", name="loader", arguments={"num_workers": 2 * (name == "hanging")})
        with pytest.raises(FailedError) as second:
            lab.ask("cores", seconds=0.01)
    assert second.value is first.value


FORKED = {"num_workers": 2, "multiprocessing_context": "fork"}


@ON_POSIX
def test_workers_are_forked_from_a_process_in_which_no_sample_was_read() -> None:
    with Laboratory(sys.executable, hang_seconds=20.0) as lab:
        lab.ask("load", target=f"{FAULTY}:pooled")
        lab.ask("divide")
        for name, arguments in (("alone", {"num_workers": 0}), ("forked", FORKED)):
            lab.ask("open", name=name, arguments=arguments)
            assert lab.ask("measure", name=name, seconds=0.01, mode=0, is_stepping=False)["batches"] > 0


@ON_POSIX
def test_where_that_process_dies_the_cause_is_told() -> None:
    with Laboratory(sys.executable, hang_seconds=20.0) as lab:
        lab.ask("load", target=f"{FAULTY}:killing")
        lab.ask("divide")
        with pytest.raises(FailedError, match=r"^the measuring process died of signal 9$"):
            lab.ask("open", name="forked", arguments=FORKED)


@ON_POSIX
def test_what_that_process_cannot_go_on_from_is_told_with_its_traceback() -> None:
    with Laboratory(sys.executable, hang_seconds=20.0) as lab:
        lab.ask("load", target=f"{FAULTY}:quitting")
        lab.ask("divide")
        with pytest.raises(FailedError, match=r"^the measuring process ended by itself$") as caught:
            lab.ask("open", name="forked", arguments=FORKED)
    assert "in __iter__" in caught.value.log
    assert "GeneratorExit: the sampler quits" in caught.value.log


@ON_POSIX
def test_the_workers_of_that_process_end_with_it() -> None:
    with Laboratory(sys.executable, hang_seconds=20.0) as lab:
        lab.ask("load", target=f"{FAULTY}:pooled")
        lab.ask("divide")
        workers = lab.ask("open", name="forked", arguments=FORKED)["pids"]
        lab.ask("load", target=f"{FAULTY}:pooled")  # for which the copy is closed
        assert not any(psutil.pid_exists(pid) for pid in workers)


def test_a_loader_that_fails_at_its_start_leaves_no_worker(lab: Laboratory) -> None:
    assert lab._child is not None
    lab.ask("load", target=f"{FAULTY}:raising")
    own = psutil.Process(lab._child.pid)
    before = set(own.children(recursive=True))
    with pytest.raises(FailedError, match=r"^KeyError: 'image_5\.jpg is missing'$"):
        lab.ask("open", name="loader", arguments={"num_workers": 2})
    assert set(own.children(recursive=True)) <= before


def test_the_reason_is_the_exception_and_not_the_advice_below_it() -> None:
    raised = (
        "Traceback (most recent call last):\n"
        '  File "dataloader.py", line 733, in __next__\n'
        "    data = self._next_data()\n"
        "torch.AcceleratorError: Caught AcceleratorError in pin memory thread for device 0.\n"
        "Original Traceback (most recent call last):\n"
        '  File "pin_memory.py", line 60, in pin_memory\n'
        "    return data.pin_memory()\n"
        "           ^^^^^^^^^^^^^^^^^\n"
        "torch.AcceleratorError: CUDA error: out of memory\n"
        "Search for `cudaErrorMemoryAllocation' in the documentation for more information.\n"
        "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
        "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n\n"
    )
    assert reason_in(raised) == "torch.AcceleratorError: CUDA error: out of memory"


def test_an_exception_of_any_name_is_a_reason() -> None:
    frames = 'Traceback (most recent call last):\n  File "data.py", line 1, in read\n'
    raised = frames + "data.Broken: first\n  more\nError: no\n"
    assert reason_in(raised) == "data.Broken: first"
    assert reason_in("no traceback\nat all\n") == "at all"


@ON_POSIX
def test_a_worker_that_is_killed_ends_in_a_document_and_exit_code_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    assert main(["profile", "--json", "-", f"{FAULTY}:dying"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["findings"][0]["slug"] == "worker-oom-killed"
    assert told["bound"] is None
    assert {one.pid for one in psutil.Process().children(recursive=True)} <= before


@ON_POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_when_the_command_is_stopped(name: str, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    target = tmp_path / f"slow_{name}.py"
    target.write_text(
        "import pathlib, time, torch\n"
        "class Slow(torch.utils.data.Dataset):\n"
        "    def __len__(self): return 64\n"
        "    def __getitem__(self, index):\n"
        f"        pathlib.Path({str(ready)!r}).touch()\n"
        "        time.sleep(0.05)\n"
        "        return torch.zeros(2)\n"
        "slow = Slow()\n",
        encoding="utf-8",
    )
    # A shell may have had SIGINT ignored, which children inherit.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from diagnostics.__main__ import main; sys.exit(main(['profile', sys.argv[1]]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, f"{target}:slow"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < until:
        time.sleep(0.05)
    below = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(getattr(signal, name))
    _, stderr = child.communicate(timeout=30)
    assert below
    assert "Traceback" not in stderr
    assert psutil.wait_procs(below, timeout=10)[1] == []

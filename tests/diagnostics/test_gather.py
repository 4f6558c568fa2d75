import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from diagnostics.facts import Fact
from diagnostics.findings import Status
from diagnostics.gather import (
    BRIEF_TRIALS,
    LENGTHS_IN_BETWEEN,
    TRIAL_TIME_LIMIT_SECONDS,
    find_probes,
    find_trials,
    gather,
    limit_of,
    nameless,
    parse_trial,
    ratio_facts,
    read_probes,
    run_trial,
    run_trials,
    temporary_folder,
    without_names,
)
from diagnostics.judge import judge

ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and shell scripts")
FACT = '{"facts": {"a.b": {"value": 1, "unit": "", "source": "here"}}}'


@pytest.fixture
def trial(tmp_path):
    def run(body, python=sys.executable, seconds=30.0):
        path = tmp_path / "some_trial.py"
        path.write_text(body)
        return run_trial(path, python, seconds)

    return run


def is_gone(pid, within_seconds=10.0):
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
    return False


def explode(root):
    raise ZeroDivisionError("division by zero")


def test_a_probe_that_raises_leaves_its_facts_out_and_says_so():
    probes = {"good": lambda root: {"a.b": Fact(1, "", "here")}, "bad": explode}
    gathered = read_probes(probes, Path("/"))
    assert list(gathered.facts) == ["a.b"]
    assert gathered.notes == ["probe bad: division by zero"]


def test_where_no_thread_may_be_started_probes_run_one_after_another(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    probes = {name: lambda root: {"a.b": Fact(1, "", "here")} for name in ("one", "two")}
    gathered = read_probes(probes, Path("/"))
    assert (list(gathered.facts), gathered.notes) == (["a.b"], [])


def test_probes_are_handed_the_root(tmp_path):
    gathered = read_probes({"p": lambda root: {"a.b": Fact(str(root), "", "here")}}, tmp_path)
    assert gathered.facts["a.b"].value == str(tmp_path)


def test_quick_gathers_facts_without_trials():
    gathered = gather(quick=True)
    assert gathered.notes == []
    assert {"system.os_name", "python.version", "cpu.logical_cores", "gpu.count"} <= set(gathered.facts)
    assert not any(key.startswith("trial.") for key in gathered.facts)
    assert "torch.intra_op_threads" not in gathered.facts


def test_a_machine_without_any_files_is_gathered(tmp_path):
    gathered = gather(root=tmp_path, quick=True)
    assert gathered.notes == []
    assert "cpu.logical_cores" in gathered.facts
    assert "cpu.model_name" not in gathered.facts or sys.platform != "linux"


def test_host_and_user_are_gathered_only_when_asked_for():
    assert "host.name" not in gather(quick=True).facts
    assert gather(quick=True, include_private=True).facts["host.name"].value == socket.gethostname()


def test_a_trials_facts_are_read(trial):
    gathered = trial(f"print('''{FACT}''')")
    assert gathered.facts == {"a.b": Fact(1, "", "here")}
    assert gathered.notes == []


def test_noise_around_the_facts_is_passed_over(trial):
    gathered = trial(f"print('Warning: hello'); print('{{}}'); print('''{FACT}'''); print('[bye', 1, None)")
    assert list(gathered.facts) == ["a.b"]
    assert gathered.notes == []


def test_noise_without_facts_gives_a_note(trial):
    gathered = trial("print('Warning: hello')")
    assert gathered.facts == {}
    assert gathered.notes == ["trial some_trial: ended with 0 without printing facts (nothing on stderr)"]


def test_a_trial_that_raises_gives_its_last_line_and_no_traceback(trial):
    gathered = trial("raise SystemError('out of luck')")
    assert gathered.notes == [
        "trial some_trial: ended with 1 without printing facts (SystemError: out of luck)"
    ]


@ON_POSIX
def test_a_trial_that_is_killed_gives_the_signal(trial):
    gathered = trial("import os; os.kill(os.getpid(), 9)")
    assert gathered.notes == ["trial some_trial: died of signal 9 without printing facts (nothing on stderr)"]


HANGS_WITH_CHILD = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(__file__).with_suffix(".pid").write_text(str(child.pid))
time.sleep(60)
"""


def test_a_trial_that_hangs_is_killed_with_its_children(trial, tmp_path):
    gathered = trial(HANGS_WITH_CHILD, seconds=1.5)
    assert gathered.notes == ["trial some_trial: killed after 1.5 s without an answer"]
    pid = int((tmp_path / "some_trial.pid").read_text())
    assert is_gone(pid)


HOLDS_SEMAPHORES = """
import multiprocessing, pathlib, time
locks = [multiprocessing.get_context("spawn").Lock() for _ in range(3)]
names = [lock._semlock.name.lstrip("/") for lock in locks]
pathlib.Path(__file__).with_suffix(".names").write_text(" ".join(names))
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="semaphores are files in /dev/shm")
def test_semaphores_of_a_trial_that_is_killed_go_with_it(trial, tmp_path):
    trial(HOLDS_SEMAPHORES, seconds=4.0)
    names = (tmp_path / "some_trial.names").read_text().split()
    assert len(names) == 3
    assert not [name for name in names if Path("/dev/shm", f"sem.{name}").exists()]


LEAVES_CHILD = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(60)"],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)
print('{"facts": {"child.pid": {"value": %d}}}' % child.pid)
"""


@ON_POSIX
def test_a_child_that_a_trial_leaves_behind_is_killed_too(trial):
    pid = trial(LEAVES_CHILD).facts["child.pid"].value
    assert is_gone(pid)


def test_facts_printed_before_a_death_are_kept(trial):
    gathered = trial(f"import sys; print('''{FACT}'''); sys.exit(3)")
    assert list(gathered.facts) == ["a.b"]


def test_an_interpreter_that_is_not_there_gives_a_note(trial):
    (note,) = trial("", python="/nonexistent/python").notes
    assert "cannot be started" in note
    assert "Traceback" not in note


@ON_POSIX
def test_a_program_that_is_no_python_gives_notes_and_no_facts():
    parts = run_trials(find_trials(), "false")
    assert all(part.facts == {} and len(part.notes) == 1 for part in parts)
    assert len(parts) == len(find_trials())


@ON_POSIX
def test_a_python_without_torch_still_tells_of_itself(tmp_path):
    python = tmp_path / "bare-python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    build, *others = run_trials(find_trials(), str(python))
    assert build.facts["trial.torch_import_problem"].value == "ModuleNotFoundError: No module named 'torch'"
    assert "python.version" in build.facts
    assert "torch.version" not in build.facts
    assert [note for part in (build, *others) for note in part.notes] == []
    assert len(others) == 4, "those that need no torch"


@ON_POSIX
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise RuntimeError('undefined symbol: x')", "RuntimeError: undefined symbol: x"),
        ("import os; os.kill(os.getpid(), 11)", "came to no end"),
    ],
)
def test_a_torch_that_cannot_be_imported_is_a_finding_and_nothing_that_needs_it_is_tried(
    body, said, tmp_path, monkeypatch
):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text(body)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    wanted = [path for path in find_trials() if path.stem in {"torch_build", "held_batches"}]
    (build,) = run_trials(wanted, sys.executable)
    (finding,) = [one for one in judge(build.facts) if one.slug == "torch-not-importable"]
    assert finding.status == Status.FAIL
    assert said in finding.evidence[0]


def test_nothing_is_told_of_our_own_torch_when_another_interpreter_is_asked():
    facts = gather(quick=True, python="some-other-python").facts
    assert not [key for key in facts if key.startswith(("torch.", "python.", "process."))]


def test_what_an_exception_said_is_kept_without_names(monkeypatch):
    monkeypatch.setenv("HOME", "/home/annabel")
    fact = Fact("OSError: /home/annabel/lib/libx.so", "", "import torch")
    if os.name == "posix":
        assert nameless("trial.torch_import_problem", fact).value == "OSError: ~/lib/libx.so"
    assert nameless("gpu.0.model_name", fact) == fact


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"facts"', '{"a": 1}', "NaN", "\x00"])
def test_lines_that_are_no_document_of_ours_are_none(text):
    assert parse_trial(text) is None


def test_pairs_become_a_ratio_between_its_bounds():
    facts = ratio_facts({"a.b_ratio": {"numerator": [2.0, 4.0, 8.0], "denominator": [1.0, 2.0, 2.0]}})
    low, ratio, high = (facts[key].value for key in ("a.b_low_ratio", "a.b_ratio", "a.b_high_ratio"))
    assert ratio == pytest.approx(16 ** (1 / 3))
    assert low < ratio < high


def test_no_pairs_become_none_and_stay_strict_json():
    facts = ratio_facts({"a.b_ratio": {"numerator": [], "denominator": []}})
    assert {fact.value for fact in facts.values()} == {None}
    json.dumps([fact.value for fact in facts.values()], allow_nan=False)


def test_names_are_taken_out_of_notes(monkeypatch):
    monkeypatch.setenv("HOME", "/home/annabel")
    monkeypatch.setenv("LOGNAME", "annabel")
    text = f"no torch in /home/annabel/venv of annabel on {socket.gethostname()}, not annabelle"
    if os.name == "posix":
        assert without_names(text) == "no torch in ~/venv of <user> on <host>, not annabelle"


def test_torchs_own_word_comes_first_and_a_few_can_be_asked_for():
    assert next(iter(find_trials())).stem == "torch_build"
    assert [path.stem for path in find_trials(BRIEF_TRIALS)] == ["torch_build", "intra_op_threads"]


def test_each_trial_may_have_a_limit_of_its_own(tmp_path):
    limits = {path.stem: limit_of(path) for path in find_trials()}
    assert limits["start_methods"] > limits["torch_build"] == TRIAL_TIME_LIMIT_SECONDS
    assert limit_of(tmp_path / "elsewhere.py") == TRIAL_TIME_LIMIT_SECONDS


@ON_POSIX
def test_what_a_killed_trial_leaves_in_its_temporary_folder_goes_with_it(tmp_path):
    if len(tempfile.gettempdir()) in LENGTHS_IN_BETWEEN:
        pytest.skip("the temporary folder's path leaves no room for another")
    with temporary_folder() as variables:
        path = tmp_path / "dies.py"
        path.write_text("import os, tempfile; tempfile.mkdtemp(); os.kill(os.getpid(), 9)")
        run_trial(path, sys.executable, variables=variables)
        kept = Path(variables["TMPDIR"])
        assert [entry for entry in kept.iterdir() if entry.is_dir()]
    assert not kept.exists()


def test_every_probe_is_found():
    wanted = "cpu memory shm limits processes threads torch_install gpu system python_build steal"
    assert set(wanted.split()) <= set(find_probes())

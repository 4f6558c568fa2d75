import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from diagnostics.gather import find_trials
from diagnostics.judge import find_checks
from diagnostics.lint.ruleset import find_rules

ROOT = Path(__file__).parents[2]
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and shell")
WITH_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="the trials measure torch")
TIME_LIMIT_SECONDS = 100


def environment(**changes):
    kept = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **changes}


def diagnose(*arguments, cwd=ROOT, python=(sys.executable,), **changes):
    command = [*python, "-m", "diagnostics", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(**changes),
        capture_output=True,
        encoding="utf-8",
        timeout=TIME_LIMIT_SECONDS,
        check=False,
    )


def test_quick_prints_machine_and_findings_and_nothing_on_stderr():
    done = diagnose("--quick", "--fail-on", "never")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("Your machine\n")
    assert "MC101" in done.stdout
    assert "mend: " in done.stdout.splitlines()[-1]


def test_quick_imports_neither_torch_nor_scipy(tmp_path):
    code = (
        "import sys; from diagnostics.__main__ import main; main(['--quick', '--json', 'out.json']); "
        "sys.exit(' '.join({'torch', 'scipy', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@WITH_TORCH
def test_the_whole_check_up_measures_threads_and_leaves_no_process(tmp_path):
    target = str(tmp_path / "out.json")
    done = diagnose("machine", "--json", target, "--fail-on", "never", STARTED_FOR=target)
    document = json.loads(Path(target).read_text())
    assert done.returncode == 0
    assert done.stderr == ""
    assert document["facts"]["torch.intra_op_threads"]["value"] >= 1
    assert "trial.intra_op_slowdown_ratio" in document["facts"]
    assert "unknown" not in {
        finding["status"] for finding in document["findings"] if finding["code"] == "MC102"
    }
    everybody = psutil.process_iter(["environ"])  # None where it is another user's
    assert [one for one in everybody if (one.info["environ"] or {}).get("STARTED_FOR") == target] == []


def test_json_on_stdout_is_the_only_thing_there_and_strict():
    done = diagnose("--quick", "--json", "-", "--fail-on", "never")

    def refuse(constant):
        raise AssertionError(constant)

    document = json.loads(done.stdout, parse_constant=refuse)
    assert (document["schema"], document["command"], document["notes"]) == (1, "machine", [])
    judging = {check.code for check in find_checks() if check.judge and not check.is_of_run}
    assert {finding["code"] for finding in document["findings"]} == judging
    assert document["facts"]["system.os_name"].keys() == {"value", "unit", "source"}


def test_json_goes_to_a_file_beside_the_text(tmp_path):
    done = diagnose("--quick", "--json", "out.json", "--fail-on", "never", cwd=tmp_path)
    assert json.loads((tmp_path / "out.json").read_text())["command"] == "machine"
    assert done.stdout.startswith("Your machine")


@pytest.mark.parametrize("path", ["nowhere/out.json", "."])
def test_a_json_path_that_cannot_be_written_is_one_sentence_and_2(tmp_path, path):
    done = diagnose("--quick", "--json", path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"python -m diagnostics: --json {path} cannot be written; "
        "name a file in a folder that you may write to.\n"
    )


@ON_POSIX
def test_a_full_disk_is_one_sentence():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    done = diagnose("list", "--json", "/dev/full")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


LOW_LIMIT = 'ulimit -n 64; exec "$0" -m diagnostics --quick --json - $FAIL_ON'


@ON_POSIX
@pytest.mark.parametrize(
    ("fail_on", "code"), [("", 1), ("--fail-on fail", 1), ("--fail-on warn", 1), ("--fail-on never", 0)]
)
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are shared on Linux")
def test_a_failing_finding_gives_1_unless_told_otherwise(fail_on, code):
    done = subprocess.run(
        ["sh", "-c", LOW_LIMIT, sys.executable],
        cwd=ROOT,
        env=environment(FAIL_ON=fail_on),
        capture_output=True,
        check=False,
    )
    assert done.returncode == code
    worst = json.loads(done.stdout)["findings"][0]
    assert (worst["slug"], worst["status"]) == ("fd-exhausted", "fail")


def test_a_crashed_check_gives_3(tmp_path):
    (tmp_path / "explodes.py").write_text("raise RuntimeError('boom')\n")
    code = (
        f"import sys; from diagnostics import checks; checks.__path__.append({str(tmp_path)!r}); "
        "from diagnostics.__main__ import main; sys.exit(main(['--quick', '--fail-on', 'never']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 3
    assert "RuntimeError: boom" in done.stdout


def test_the_list_names_every_check_and_every_rule_of_lint():
    done = diagnose("list", "--json", "-")
    document = json.loads(done.stdout)
    assert (document["schema"], document["command"], document["findings"]) == (1, "list", [])
    codes = [each.code for each in (*find_checks(), *find_rules())]
    assert [row["code"] for row in document["checks"]] == codes
    assert len(diagnose("list").stdout.splitlines()) == len(codes)


@pytest.mark.parametrize("check", find_checks(), ids=lambda check: check.slug)
def test_every_page_is_explained_by_code_or_slug_in_any_case(check, capsys):
    from diagnostics.__main__ import main

    for name in (check.code, check.code.lower(), check.slug.upper(), check.slug.replace("-", "_")):
        assert main(["explain", name]) == 0
        assert check.page in capsys.readouterr().out


def test_a_page_is_json_by_section():
    page = json.loads(diagnose("explain", "dl101", "--json", "-").stdout)["page"]
    assert page["slug"] == "shm-exhausted"
    assert [section["heading"] for section in page["sections"]][1:3] == ["What it means", "Why it matters"]


def test_an_unknown_code_is_one_sentence_with_the_close_ones_and_2():
    done = diagnose("explain", "shm-exausted")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "shm-exhausted" in done.stderr
    assert "python -m diagnostics list" in done.stderr


@pytest.mark.parametrize("arguments", [["bogus"], ["--bogus"], ["machine", "--fail-on", "x"], ["explain"]])
def test_wrong_usage_is_2_without_a_traceback(arguments):
    done = diagnose(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_interpreter_that_is_not_there_is_wrong_usage():
    done = diagnose("--python", "/nonexistent/python")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@ON_POSIX
def test_a_program_that_is_no_interpreter_gives_notes():
    done = diagnose("--python", "/bin/false", "--fail-on", "never")
    assert done.returncode == 0
    named = [line.split(":")[1].removeprefix(" trial ") for line in done.stderr.splitlines()]
    assert named == [path.stem for path in find_trials()]


@pytest.mark.parametrize(
    "command",
    [
        "diagnostics machine --quick",
        "diagnostics list",
        "diagnostics lint diagnostics/facts.py",
        "diagnostics explain DL101",
        "bench probe",
        "reports build result.json",
    ],
)
def test_a_package_that_is_not_installed_is_named_in_one_sentence(command):
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from runpy import run_module; "
        "run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
    )
    start = [sys.executable, "-I", "-S", "-c", code, str(ROOT), *command.split()]
    done = subprocess.run(start, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not installed for" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("changes", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_an_ascii_terminal_gets_ascii(changes):
    done = diagnose("--quick", "--fail-on", "never", **{"PYTHONIOENCODING": "ascii", **changes})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "v ok" in done.stdout


def test_pipes_and_no_color_are_plain():
    for changes in ({}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        assert "\x1b" not in diagnose("list", **changes).stdout
    assert "\x1b" in diagnose("--quick", "--fail-on", "never", FORCE_COLOR="1").stdout


def test_host_and_user_names_appear_only_when_asked_for(monkeypatch):
    host, user = socket.gethostname(), "wilhelmina"
    hidden = diagnose("--quick", "--json", "-", "--fail-on", "never", LOGNAME=user).stdout
    shown = diagnose("--quick", "--json", "-", "--fail-on", "never", "--include-private", LOGNAME=user).stdout
    assert not {"host.name", "user.name"} & set(json.loads(hidden)["facts"])
    assert user not in hidden
    assert json.loads(shown)["facts"]["host.name"]["value"] == host
    assert json.loads(shown)["facts"]["user.name"]["value"] == user


@ON_POSIX
@pytest.mark.parametrize(("redirection", "code"), [(">&-", 0), ("2>&- >/dev/null", 0), ("<&- >/dev/null", 0)])
def test_a_stream_that_is_closed_is_no_fault(redirection, code):
    command = ["sh", "-c", f'"$0" -m diagnostics list {redirection}', sys.executable]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_an_output_that_is_full_is_one_sentence():
    command = ["sh", "-c", '"$0" -m diagnostics list > /dev/full', sys.executable]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@ON_POSIX
def test_a_reader_that_leaves_early_sees_no_traceback():
    pipeline = '"$0" -m diagnostics explain DL101 | head -1; exec "$0" -m diagnostics list | true'
    done = subprocess.run(
        ["sh", "-c", pipeline, sys.executable],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == "DL101  shm-exhausted\n"
    assert done.stderr == ""


@ON_POSIX
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_quietly_and_leaves_no_child(tmp_path, number, code):
    python = tmp_path / "slow-python"
    started = tmp_path / "started"
    os.mkfifo(started)
    python.write_text(f"#!/bin/sh\necho $$ > '{started}'\nexec sleep 60\n")
    python.chmod(0o755)
    command = [sys.executable, "-m", "diagnostics", "--python", str(python)]
    running = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=-1, stderr=-1)
    child = psutil.Process(int(started.read_text()))
    running.send_signal(number)
    output = running.communicate(timeout=TIME_LIMIT_SECONDS)
    assert (running.returncode, output) == (code, (b"", b""))
    _, alive = psutil.wait_procs([child], timeout=5)
    assert alive == [] or alive[0].status() == psutil.STATUS_ZOMBIE


@ON_POSIX
def test_a_check_up_that_is_killed_outright_leaves_neither_process_nor_folder(tmp_path):
    python, started = tmp_path / "slow-python", tmp_path / "started"
    os.mkfifo(started)
    python.write_text(f"#!/bin/sh\nsleep 60 & echo $! > '{started}'\nwait\n")
    python.chmod(0o755)
    folder = Path(tempfile.mkdtemp(prefix="t"))
    command = [sys.executable, "-m", "diagnostics", "--python", str(python)]
    running = subprocess.Popen(command, cwd=ROOT, env=environment(TMPDIR=str(folder)), stdout=-1, stderr=-1)
    grandchild = psutil.Process(int(started.read_text()))
    everyone = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.communicate(timeout=TIME_LIMIT_SECONDS)
    _, alive = psutil.wait_procs({grandchild, *everyone}, timeout=20)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    folder.rmdir()  # raises unless it is empty


@ON_POSIX
@WITH_TORCH
def test_a_users_folder_named_torch_an_unset_home_and_an_empty_path_do_no_harm(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise SystemExit('the wrong torch')\n")
    kept = {key: value for key, value in environment(PATH="").items() if key != "HOME"}
    command = [sys.executable, "-m", "diagnostics", "--json", "-", "--fail-on", "never"]
    done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["facts"]["torch.intra_op_threads"]["value"] >= 1


def explain(*arguments, stdin=b"", cwd=ROOT):
    command = [sys.executable, "-m", "diagnostics", "explain", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment(), input=stdin, capture_output=True, timeout=100, check=False
    )


BUS_ERROR = b"RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. \x1b[31m\x07\n"


def test_a_log_on_stdin_is_explained_with_its_line_quoted_and_nothing_that_steers_the_terminal():
    done = explain("-", stdin=BUS_ERROR)
    text = done.stdout.decode()
    assert done.returncode == 1
    assert done.stderr == b""
    assert "| line 1: RuntimeError: DataLoader worker (pid 7)" in text
    assert "docker run --shm-size=8g" in text
    assert "How sure: certain." in text
    assert not {"\x1b", "\x07"} & set(text)


def test_a_log_file_gives_a_document_whose_first_finding_is_the_cause(tmp_path):
    (tmp_path / "train.log").write_bytes(BUS_ERROR + b"can only test a child process\n")
    done = explain("train.log", "--json", "-", "--fail-on", "never", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert (document["schema"], document["command"], document["log"]["lines"]) == (1, "explain", 2)
    slugs = [finding["slug"] for finding in document["findings"]]
    assert slugs == ["shm-exhausted", "iterator-inherited-by-fork"]


def test_what_is_not_recognised_gives_0_and_a_next_step():
    done = explain("-", stdin=b"it stopped\n")
    assert done.returncode == 0
    assert b"Not recognised" in done.stdout
    assert b"num_workers=0" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nothing.log", None, "cannot be read"),
        ("empty.log", b" \n", "is empty"),
        ("program", b"\x7fELF\x02\x01\x01" + bytes(900), "is not text"),
        ("noise.bin", bytes(range(128, 256)) * 40, "is not text"),
    ],
)
def test_a_log_that_cannot_be_read_is_one_sentence_and_2(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = explain(name, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == b""
    assert said in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_is_no_log(tmp_path):
    done = explain(str(tmp_path))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_file_named_like_a_code_is_read_and_said_so_and_without_it_the_page_is_shown(tmp_path):
    assert b"Loader workers put every batch" in explain("DL101", cwd=tmp_path).stdout
    (tmp_path / "DL101").write_bytes(BUS_ERROR)
    done = explain("DL101", cwd=tmp_path)
    assert b"What happened" in done.stdout
    assert b"is a file here" in done.stderr
    assert b"What happened" in explain("./DL101", cwd=tmp_path).stdout


def test_explaining_imports_neither_torch_nor_numpy():
    code = (
        "import sys; from diagnostics.__main__ import main; main(['explain', '-']); "
        "sys.exit(' '.join({'torch', 'scipy', 'numpy', 'psutil'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), input=BUS_ERROR, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("columns", ["0", "3", "wide"])
def test_a_terminal_without_columns_is_written_to(columns):
    done = diagnose("--quick", "--fail-on", "never", COLUMNS=columns)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Your machine\n")


@pytest.mark.parametrize("room", ["bench", "diagnostics", "reports"])
def test_files_in_the_working_folder_are_not_taken_for_modules_of_python(tmp_path, room):
    for name in ("random", "json", "signal", "tempfile", "pathlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the file of the user was run')")
    done = subprocess.run(
        [sys.executable, "-m", room, "--help"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")

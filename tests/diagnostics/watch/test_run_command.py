"""`run` from outside: the command's output, exit code and signals are its own, and nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and exit codes as POSIX has them")
COUNTING = """
import signal, sys, time
seen = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: seen.append(number))
print("ready", flush=True)
deadline = time.monotonic() + 20
while not seen and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.3)
print(seen, flush=True)
sys.exit(5)
"""


def command(*words, options=()):
    return [sys.executable, "-m", "diagnostics", "run", *options, "--", *words]


def run(*words, options=(), **keywords):
    keywords.setdefault("cwd", ROOT)
    return subprocess.run(
        command(*words, options=options), capture_output=True, timeout=60, check=False, **keywords
    )


@pytest.fixture
def temporary(tmp_path):
    """Give the command a folder for temporary files of its own, which must be empty afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield {**os.environ, "TMPDIR": str(folder)}
    assert list(folder.iterdir()) == []


def python(source, **keywords):
    return run(sys.executable, "-c", source, **keywords)


def test_output_and_exit_code_are_the_commands_own(temporary):
    source = "import sys; sys.stdout.buffer.write(bytes(range(256))); sys.stderr.write('said'); sys.exit(7)"
    done = python(source, env=temporary)
    assert done.returncode == 7
    assert done.stdout == bytes(range(256))
    assert done.stderr.startswith(b"said")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_changes_nothing(temporary, tmp_path, closed):
    source = f"open({str(tmp_path / 'done')!r}, 'w').close(); raise SystemExit(7)"
    words = command(sys.executable, "-c", source)
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *words],
        capture_output=True,
        cwd=ROOT,
        env=temporary,
        check=False,
    )
    assert done.returncode == 7
    assert (tmp_path / "done").exists()
    assert b"Traceback" not in done.stderr


def test_a_command_that_a_signal_ended_gives_128_and_its_number(temporary):
    done = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", env=temporary)
    assert done.returncode == 128 + signal.SIGKILL


def counting(environment, *shell):
    """Start a watched command that counts its signals, through a shell or not, and wait until it is ready."""
    watched = subprocess.Popen(
        command(*shell, sys.executable, "-c", COUNTING),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 -- no threads here
    )
    assert watched.stdout.readline() == b"ready\n"
    return watched


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_reaches_what_a_shell_has_started(temporary, number):
    watched = counting(temporary, "sh", "-c", '"$@"; exit $?', "sh")
    os.kill(watched.pid, number)
    output, _ = watched.communicate(timeout=30)
    assert output.decode().strip() == f"[{number.value}]" or f"{number!r}" in output.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to the process", "to its group"])
def test_a_signal_reaches_the_command_exactly_once(temporary, number, send):
    watched = counting(temporary)
    send(watched.pid, number)
    output, _ = watched.communicate(timeout=30)
    assert output.decode().strip() == f"[{number.value}]" or f"{number!r}" in output.decode()
    assert output.count(b"SIG") <= 1
    assert watched.returncode == 5


def test_a_keyboard_interrupt_in_a_terminal_reaches_the_command_exactly_once(temporary):
    pty = pytest.importorskip("pty")
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(ROOT)
        os.execve(sys.executable, command(sys.executable, "-c", COUNTING), temporary)
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    _, status = os.waitpid(pid, 0)
    said += os.read(terminal, 65536)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 5
    assert said.count(b"SIGINT") + said.count(b"[2]") == 1


@pytest.mark.parametrize("wrapper", [[], ["sh", "-c", '"$@"; true', "sh"]], ids=["itself", "in a shell"])
def test_when_run_is_killed_the_command_ends_too_and_nothing_is_left(tmp_path, wrapper):
    if sys.platform != "linux":
        pytest.skip("only the Linux kernel tells a child of its parent's end")
    pid_file = tmp_path / "pid"
    source = (
        "import os, time, pathlib\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    watched = subprocess.Popen(
        command(*wrapper, sys.executable, "-c", source),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        start_new_session=True,
    )
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.02)
    watched.kill()
    watched.wait()
    pid, deadline = int(pid_file.read_text()), time.monotonic() + 10
    while (_is_running(pid) or list(temporary.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(pid)
    assert list(temporary.iterdir()) == []


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def test_a_command_that_is_none_is_told_in_one_sentence(temporary):
    done = run("torchcheckup-no-such-program", env=temporary)
    assert done.returncode == 2
    assert b"cannot be started" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--json", "-", "--", "true"]])
def test_a_mistake_is_told_with_exit_code_2(arguments):
    words = [sys.executable, "-m", "diagnostics", "run", *arguments]
    done = subprocess.run(words, capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_where_no_temporary_file_can_be_made_the_run_goes_on_and_says_so(tmp_path):
    starting = (
        "import tempfile; tempfile.tempdir = '/dev/null/none'\n"
        "from diagnostics.__main__ import main\nraise SystemExit(main())\n"
    )
    words = [sys.executable, "-c", starting]
    words += command(sys.executable, "-c", "print('done')")[3:]
    done = subprocess.run(words, capture_output=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (0, b"done\n")
    assert b"reached no Python process" in done.stderr


@pytest.mark.parametrize("option", ["-S", "-I", "-E"])
def test_where_the_probe_cannot_attach_the_run_goes_on_and_says_so(temporary, option):
    done = run(sys.executable, option, "-c", "print('done')", env=temporary)
    assert (done.returncode, done.stdout) == (0, b"done\n")
    assert b"reached no Python process" in done.stderr


def test_the_users_own_path_and_sitecustomize_stay_what_they_are(temporary, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins\nbuiltins.chained = 'yes'\n")
    (tmp_path / "diagnostics.py").write_text("MINE = True\n")
    script = tmp_path / "train.py"
    script.write_text(
        "import sys, diagnostics\n"
        "print(chained, diagnostics.MINE, any('probe' in path for path in sys.path))\n"
    )
    done = run(sys.executable, str(script), env={**temporary, "PYTHONPATH": str(own)})
    assert done.stdout == b"yes True False\n"


def test_a_script_on_stdin_is_watched_and_a_healthy_run_ends_in_one_calm_line(temporary, tmp_path):
    script = b"""
import torch
from torch.utils.data import DataLoader, TensorDataset
loader = DataLoader(TensorDataset(torch.arange(64.)), batch_size=4, num_workers=2)
for _ in range(2):
    print(sum(1 for batch in loader))
"""
    target = tmp_path / "run.json"
    done = run(sys.executable, "-", options=["--json", str(target)], input=script, env=temporary)
    assert (done.returncode, done.stdout) == (0, b"16\n16\n")
    assert done.stderr.count(b"\n") == 1
    assert b"training waited" in done.stderr
    document = json.loads(target.read_text())
    assert (document["schema"], document["command"], document["exit_code"]) == (1, "run", 0)
    assert document["findings"] == []
    assert (document["waiting"]["batches"], document["loaders"][0]["epochs"]) == (32, 2)
    assert sorted(worker["worker"] for worker in document["workers"]) == [0, 0, 1, 1]
    assert sum(worker["samples"] for worker in document["workers"]) == 128


@pytest.mark.parametrize("num_workers", [0, 2])
def test_what_a_sampler_of_the_programs_own_draws_slowly_is_what_the_loop_waited_for(
    temporary, tmp_path, num_workers
):
    script = f"""
import time
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset
class Slow(Sampler):
    def __iter__(self):
        for index in range(400):
            time.sleep(0.005)
            yield index
    def __len__(self):
        return 400
for batch in DataLoader(TensorDataset(torch.arange(400.)), sampler=Slow(), num_workers={num_workers}):
    pass
"""
    target = tmp_path / "run.json"
    done = run(sys.executable, "-", options=["--json", str(target)], input=script.encode(), env=temporary)
    assert done.returncode == 0
    (loader,) = json.loads(target.read_text())["loaders"]
    assert loader["bound"] == "sampler"
    assert loader["draw_seconds"] > 1.5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_document_that_cannot_be_written_does_not_change_the_commands_exit_code(temporary):
    done = run(sys.executable, "-c", "print(1)", options=["--json", "/dev/full"], env=temporary)
    assert (done.returncode, done.stdout) == (0, b"1\n")
    assert b"torch-checkup: --json /dev/full cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.ending import ended
from diagnostics.outcomes import UsageError

ROOT = Path(__file__).parents[2]
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and shell")


def raising(error):
    def command():
        raise error

    return command


def run_in_shell(code, redirection):
    """Run Python code with the standard streams as a shell redirects them."""
    command = ["sh", "-c", f'"$0" -c "$1" {redirection}', sys.executable, code]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )


COMMAND = "import sys; from diagnostics.ending import ended; sys.exit(ended('it', lambda: {}))"


def test_a_users_mistake_is_one_sentence_and_2(capsys):
    assert ended("it", raising(UsageError("give another name."))) == 2
    assert capsys.readouterr().err == "it: give another name.\n"


def test_a_name_does_not_steer_the_terminal(capsys):
    assert ended("it", raising(UsageError("a\n\x1b[31mb is no file"))) == 2
    assert capsys.readouterr().err == "it: a??[31mb is no file\n"


def test_a_name_that_no_file_can_have_is_the_users_to_mend(capsys):
    assert ended("it", lambda: Path("x" * 5000).stat().st_size) == 2
    assert capsys.readouterr().err == f"it: {'x' * 80}… cannot be a file: its name is too long.\n"


def test_a_fault_of_ours_says_whose_it_is_below_its_traceback(capsys):
    assert ended("it", raising(ZeroDivisionError())) == 3
    assert "ZeroDivisionError\nit: this is a fault of torch-checkup" in capsys.readouterr().err


def test_a_module_of_our_own_that_is_missing_is_our_fault(capsys):
    assert ended("it", raising(ModuleNotFoundError(name="reports.gone"))) == 3
    assert "fault of torch-checkup" in capsys.readouterr().err


@ON_POSIX
def test_a_signal_ends_a_command_by_way_of_finally_and_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGHUP)
    cleared = []

    def command():
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            cleared.append(True)

    with pytest.raises(SystemExit) as ending:
        ended("it", command)
    assert ending.value.code == 128 + signal.SIGHUP
    assert cleared == [True]
    assert signal.getsignal(signal.SIGHUP) is before


@ON_POSIX
def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert ended("it", lambda: signal.raise_signal(signal.SIGHUP) or 0) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@ON_POSIX
@pytest.mark.parametrize("printing", ["print('x') or 0", "print('x') or sys.exit(0)"])
def test_a_full_disk_behind_stdout_is_one_sentence(printing):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    done = run_in_shell(COMMAND.format(printing), "> /dev/full")
    assert done.returncode == 2
    assert done.stderr == f"it: nothing more can be written: {os.strerror(errno.ENOSPC)}; make room.\n"


@ON_POSIX
def test_streams_that_are_closed_stop_nothing():
    done = run_in_shell(COMMAND.format("print('x') or 0"), "<&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@ON_POSIX
def test_no_encoding_stops_what_is_printed():
    done = run_in_shell(COMMAND.format("print('\\u25b2') or 0"), "")
    assert (done.returncode, done.stdout, done.stderr) == (0, "?\n", "")


@ON_POSIX
@pytest.mark.parametrize("printed", ["x", ""])
def test_an_interrupt_that_has_ended_the_reader_of_the_pipe_too_is_an_interrupt(printed):
    interrupted = f"print({printed!r}, end='') or signal.raise_signal(signal.SIGINT)"
    handler = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", f"{handler}; {COMMAND.format(interrupted)}"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (130, "")


@ON_POSIX
def test_what_was_printed_before_an_interrupt_is_kept():
    handler = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    interrupted = "print('x') or signal.raise_signal(signal.SIGINT)"
    done = run_in_shell(f"{handler}; {COMMAND.format(interrupted)}", "")
    assert (done.returncode, done.stdout, done.stderr) == (130, "x\n", "")

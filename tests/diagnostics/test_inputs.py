"""Whatever a command line names as input is read, or refused in one sentence."""

import io
import os
import subprocess
import sys

import pytest

from diagnostics.inputs import open_input, read_ends

needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no named pipes")


class Unseekable(io.BytesIO):
    def seekable(self):
        return False


@pytest.mark.parametrize("kind", [io.BytesIO, Unseekable])
@pytest.mark.parametrize(
    ("data", "expected"), [(b"", b""), (b"ab", b"ab"), (b"abcdef", b"abcdef"), (b"abcdefgh", b"abcfgh")]
)
def test_of_a_long_input_both_ends_are_read(kind, data, expected):
    assert read_ends(kind(data), 6) == expected


@needs_fifo
def test_a_pipe_that_nobody_writes_to_is_empty_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open_input(str(tmp_path / "pipe")) as file:
        assert file.read() == b""


@needs_fifo
def test_what_a_writer_puts_into_a_pipe_is_read_to_its_end():
    reader, writer = os.pipe()
    os.write(writer, b"ValueError: x\n")
    os.close(writer)
    with open_input(f"/dev/fd/{reader}") as file:
        assert read_ends(file, 100) == b"ValueError: x\n"
    os.close(reader)


@pytest.mark.parametrize("command", ["explain", "lint"])
def test_a_closed_stdin_is_one_sentence_and_2(command):
    script = (
        "import sys; sys.stdin = None\nfrom diagnostics.__main__ import main\n"
        f"sys.exit(main([{command!r}, '-']))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "stdin is closed" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["explain", "lint"])
def test_an_empty_name_is_one_sentence_and_2(command, capsys):
    from diagnostics.__main__ import main

    assert main([command, ""]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("python -m diagnostics: An empty name ")


def test_a_folder_is_no_log(tmp_path, capsys):
    from diagnostics.__main__ import main

    assert main(["explain", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err

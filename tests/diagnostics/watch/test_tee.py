import os

import pytest

from diagnostics.watch.tee import Kept, Tee

pty = pytest.importorskip("pty", reason="pseudo-terminals are a POSIX matter")


def test_of_a_long_stream_both_ends_are_kept():
    kept = Kept(limit_bytes=10)
    for number in range(100):
        kept.add(b"%05d" % number)
    assert bytes(kept).startswith(b"0000000001")
    assert bytes(kept).endswith(b"0009800099")
    assert len(bytes(kept)) <= 25


def test_what_is_written_comes_through_byte_for_byte_and_is_kept():
    reader, writer = os.pipe()
    tee = Tee(writer)
    tee_end = os.dup(tee.theirs)
    tee.start()
    said = bytes(range(256)) * 10
    os.write(tee_end, said)
    os.close(tee_end)
    assert tee.finish() == said
    assert os.read(reader, 65536) == said
    for end in (reader, writer):
        os.close(end)


def test_a_terminal_is_given_on_and_changes_no_byte():
    ours, theirs = pty.openpty()
    tee = Tee(theirs)
    assert os.isatty(tee.theirs)
    end = os.dup(tee.theirs)
    tee.start()
    os.write(end, b"40%|####\r50%|#####\n")
    os.close(end)
    assert tee.finish() == b"40%|####\r50%|#####\n"
    for one in (ours, theirs):
        os.close(one)


def test_a_reader_that_is_gone_does_not_block_the_command():
    reader, writer = os.pipe()
    os.close(reader)
    tee = Tee(writer)
    end = os.dup(tee.theirs)
    tee.start()
    os.write(end, b"x" * 200_000)
    os.close(end)
    assert len(tee.finish()) == 200_000
    os.close(writer)

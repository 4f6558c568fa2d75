"""Whatever the bytes are, an answer comes, soon, and nothing in it steers a terminal."""

import random
import time

import pytest

from diagnostics.__main__ import main
from diagnostics.findings import Status
from diagnostics.judge import find_checks
from diagnostics.traces.explaining import explain_log
from tests.diagnostics.traces.excerpts import read_excerpts

CHECKS = find_checks()
TEXTS = [excerpt.text for excerpt in read_excerpts()]
NUM_MUTATIONS = 300
LONGEST_SECONDS = 10.0  # far above the milliseconds it takes: a hang is meant, not a slow machine


def delete_lines(rng, text):
    return "\n".join(line for line in text.split("\n") if rng.random() > 0.3)


def duplicate_lines(rng, text):
    return "\n".join(line for line in text.split("\n") for _ in range(rng.choice((1, 1, 2, 40))))


def shuffle_lines(rng, text):
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def weave(rng, text):
    other = rng.choice(TEXTS).split("\n")
    return "\n".join(line for pair in zip(text.split("\n"), other, strict=False) for line in pair)


def flatten(rng, text):
    return " ".join(text.split())


def escape(rng, text):
    return repr(text)


def truncate(rng, text):
    return text[rng.randrange(len(text)) :][: rng.randrange(1, len(text) + 1)]


def lengthen(rng, text):
    at = rng.randrange(len(text))
    return (
        text[:at] + rng.choice(["(", "\\n", 'File "', " ", "x.", "\x1b[", "│ ", "E  "]) * 20_000 + text[at:]
    )


def nest(rng, text):
    return text + "\nDuring handling of the above exception, another exception occurred:\n".join([text] * 30)


def steer(rng, text):
    """Put what moves a terminal's cursor, names its window or turns the direction of text anywhere."""
    for _ in range(20):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(STEERING) + text[at:]
    return text


STEERING = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://a.b\x1b\\", "\x1bPq", "\x9b31m",
    "\u202e", "\u2066", "\xad", "\b",
]  # fmt: skip
MUTATIONS = [
    delete_lines, duplicate_lines, shuffle_lines, weave, flatten, escape, truncate, lengthen, nest, steer,
]  # fmt: skip


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings_of(each)


def spoil(rng, data):
    spoiled = bytearray(data)
    for _ in range(rng.randrange(40)):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


@pytest.mark.parametrize("part", range(6))
def test_mutated_logs_get_an_answer(part):
    rng = random.Random(part)
    for _ in range(NUM_MUTATIONS // 6):
        text = rng.choice(TEXTS)
        for mutate in rng.sample(MUTATIONS, k=rng.choice((1, 1, 2))):
            text = mutate(rng, text) or "x"
        started = time.perf_counter()
        findings = explain_log(spoil(rng, text[:2_000_000].encode()), CHECKS)
        assert time.perf_counter() - started < LONGEST_SECONDS
        assert findings
        assert [finding.summary for finding in findings if finding.status == Status.CRASHED] == []
        shown = [text for finding in findings for text in strings_of(finding.as_dict())]
        assert [text for text in shown if not text.replace("\n", "").isprintable()] == []


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_are_not_recognised(seed):
    data = random.Random(seed).randbytes(20_000)
    assert explain_log(data, CHECKS)[0].slug == "unrecognised"


def test_a_log_that_steers_terminals_is_explained_in_plain_text(tmp_path, capsys):
    log = tmp_path / "train.log"
    log.write_text(steer(random.Random(0), TEXTS[0]), encoding="utf-8")
    main(["explain", str(log)])
    assert not set(capsys.readouterr().out) & {"\x1b", "\x07", "\x9b", "\b", "\u202e"}

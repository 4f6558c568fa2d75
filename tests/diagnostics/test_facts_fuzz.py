"""Mutated documents of facts: whatever is in them, every check gives a finding and none crashes."""

import copy
import json
import random

import pytest

from diagnostics.facts import from_document
from diagnostics.findings import Status
from diagnostics.gather import parse_trial
from diagnostics.judge import find_checks, judge
from diagnostics.probes import gpu
from diagnostics.terminal import report_lines

CHECKS = [check for check in find_checks() if check.judge]
EXAMPLES = [example for check in CHECKS for example in (check.fires, check.silent) if example]
ODD = [
    None, True, 0, -1, 0.5, 1e308, float("nan"), float("-inf"), 2**70, "", "-1", "\x1b[2J", "много", [], {},
    [[]], {"value": 1}, ["a", None], "x" * 5000,
]  # fmt: skip
ROUNDS = 40


def whole_document(generator):
    values = {}
    for example in generator.sample(EXAMPLES, len(EXAMPLES)):
        values.update(example)
    return {key: {"value": value, "unit": "", "source": "here"} for key, value in values.items()}


def mutated(document, generator):
    document = copy.deepcopy(document)
    for key in generator.sample(sorted(document), generator.randint(1, 20)):
        match generator.randrange(5):
            case 0:
                del document[key]
            case 1:
                document[key] = generator.choice(ODD)
            case 2:
                document[key].pop("source")
            case 3:
                document[generator.choice(sorted(document))] = document.pop(key)
            case _:
                document[key]["value"] = generator.choice(ODD)
    return document


@pytest.mark.parametrize("seed", range(5))
def test_every_check_judges_whatever_is_in_the_facts(seed):
    generator = random.Random(seed)
    for _ in range(ROUNDS // 5):
        document = mutated(whole_document(generator), generator)
        findings = judge(from_document(document), CHECKS)
        assert [f.summary for f in findings if f.status == Status.CRASHED] == [], document
        assert {f.code for f in findings} == {check.code for check in CHECKS}
        json.dumps([finding.as_dict() for finding in findings])
        assert list(report_lines(from_document(document), findings, 40))


@pytest.mark.parametrize("seed", range(3))
def test_what_a_trial_printed_is_read_or_passed_by(seed):
    generator = random.Random(seed)
    line = json.dumps({"facts": whole_document(generator), "problem": "none"})
    for _ in range(100):
        at = generator.randrange(len(line))
        text = line[:at] + generator.choice(["", "\0", "\n", "{", "}", '"', "\\", "NaN"]) + line[at + 1 :]
        document = parse_trial(text)
        assert document is None or from_document(document.get("facts")) is not None


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_a_document_of_another_shape_gives_no_facts(odd):
    assert from_document(odd) == {}
    assert set(from_document({"a.b": odd})) <= {"a.b"}


CELLS = [
    "41",
    "16",
    "[N/A]",
    "ERR!",
    "Enabled",
    "0x40",
    "[Not Supported]",
    "",
    "-1",
    "nan",
    "1e999",
    "é",
    ", ,",
]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_nvidia_smi_prints_becomes_facts_that_every_check_judges(seed):
    generator = random.Random(seed)
    for _ in range(30):
        rows = (
            generator.choices(CELLS, k=generator.choice((2, 4, 5))) for _ in range(generator.randrange(6))
        )
        text = "\n".join(map(", ".join, rows))
        facts = gpu.parse_query(text) | gpu.parse_state(text) | gpu.parse_processes(text)
        json.dumps([fact.value for fact in facts.values()], allow_nan=False)
        assert [f.summary for f in judge(facts, CHECKS) if f.status == Status.CRASHED] == [], text

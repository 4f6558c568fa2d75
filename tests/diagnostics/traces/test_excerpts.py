"""Every excerpt in `logs/` is recognised, as it stands and in disguise."""

import html
import json
import re
from collections import Counter

import pytest

from diagnostics.findings import Status
from diagnostics.judge import find_checks
from diagnostics.traces.explaining import explain_log
from tests.diagnostics.traces.excerpts import read_excerpts

CHECKS = find_checks()
EXCERPTS = read_excerpts()
NO_CAUSE = {"not-dataloader", "unrecognised"}
INNER = [excerpt for excerpt in EXCERPTS if excerpt.slug != "not-dataloader"]


def as_ranks(text):
    return "".join(f"[rank1]: {line}\n" for line in text.splitlines())


def as_srun(text):
    return "".join(f"3: {line}\n" for line in text.splitlines())


def as_container_log(text):
    return "".join(f"2024-05-01T10:00:00.123456789Z {line}\n" for line in text.splitlines())


def as_ray(text):
    return "".join(f"(RayTrainWorker pid=4242, ip=10.0.0.7) {line}\n" for line in text.splitlines())


def as_colours(text):
    return "".join(f"\x1b[0;31m{line}\x1b[0m\n" for line in text.splitlines())


def as_printed_colours(text):
    return "".join(f"[0;31m{line}[0m\n" for line in text.splitlines())


def as_quoted_mail(text):
    return "".join(f"> {line}\n" for line in text.splitlines())


def as_web_page(text):
    return f"<pre>{html.escape(text)}</pre>"


def as_json_records(text):
    return "".join(f"{json.dumps({'log': line, 'stream': 'stderr'})}\n" for line in text.splitlines())


def as_logger(text):
    return "".join(f"2024-05-01 10:00:00,123 - __main__ - ERROR - {line}\n" for line in text.splitlines())


def as_kubernetes_file(text):
    return "".join(f"2024-05-01T10:00:00.123456789Z stderr F {line}\n" for line in text.splitlines())


def after_a_progress_bar(text):
    bar = "".join(f"\r{step:3d}%|####      | {step}/100 [00:01<00:02,  3.1it/s]" for step in range(40))
    return f"Epoch 1/10 loss=0.7 — обучение 训练中\n{bar}\n{text}"


def before_chatter(text):
    return f"{text}\nwandb: Waiting for W&B process to finish... (failed 1). Press Ctrl-C to abort syncing.\n"


DISGUISES = [
    as_ranks,
    as_srun,
    as_container_log,
    as_ray,
    as_colours,
    as_printed_colours,
    as_quoted_mail,
    as_web_page,
    as_json_records,
    as_logger,
    as_kubernetes_file,
    after_a_progress_bar,
    before_chatter,
]


def test_each_cause_that_a_log_can_show_has_excerpts():
    counts = Counter(excerpt.slug for excerpt in EXCERPTS)
    assert set(counts) <= {check.slug for check in CHECKS if check.recognise}
    assert counts["not-dataloader"] >= 100
    assert len(EXCERPTS) >= 550


@pytest.mark.parametrize("excerpt", INNER, ids=str)
def test_an_excerpt_is_recognised(excerpt):
    findings = explain_log(excerpt.text, CHECKS)
    assert findings[0].slug == excerpt.slug
    assert Status.CRASHED not in {finding.status for finding in findings}
    assert all(re.match(r"line \d+: ", line) for finding in findings for line in finding.evidence)


@pytest.mark.parametrize("excerpt", [one for one in EXCERPTS if one.slug == "not-dataloader"], ids=str)
def test_no_cause_is_invented_for_a_failure_that_lies_elsewhere(excerpt):
    assert explain_log(excerpt.text, CHECKS)[0].slug in NO_CAUSE


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda disguise: disguise.__name__)
def test_a_disguise_changes_no_answer(disguise):
    wrong = [
        (str(excerpt), found)
        for excerpt in EXCERPTS
        if (found := explain_log(disguise(excerpt.text), CHECKS)[0].slug) != excerpt.slug
        and not (excerpt.slug == "not-dataloader" and found in NO_CAUSE)
    ]
    assert wrong == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_any_encoding_gives_the_same_answer(encoding):
    for excerpt in INNER[::5]:
        data = excerpt.text.replace("\n", "\r\n").encode(encoding)
        assert explain_log(data, CHECKS)[0].slug == excerpt.slug

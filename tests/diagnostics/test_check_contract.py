"""What every check in `diagnostics/checks/` obeys; a new file there is tested without a line here."""

import ast
import copy
import inspect
import itertools
import re
from importlib import import_module

import pytest

from diagnostics.facts import Fact
from diagnostics.findings import Finding, Status
from diagnostics.judge import find_checks, judge_one
from diagnostics.traces.explaining import explain_log

HEADINGS = ["What it means", "Why it matters", "How to fix", "When it is fine", "References"]
# What goes wrong with a DataLoader: a slug is never renamed.
_SLUG_TEXT = """
missing-main-guard unpicklable-local unpicklable-handle class-not-importable-in-worker
worker-startup-secondary dataset-too-big-to-pickle requires-grad-tensor start-method-already-set
py314-forkserver daemonic-children shm-exhausted shm-open-failed mmap-count-limit fd-exhausted
torch-shm-manager-failed semaphore-unavailable socket-path-too-long fork-out-of-memory
thread-or-process-limit windows-paging-file worker-oom-killed memory-growth worker-segfault worker-aborted
worker-exited-unknown worker-exception-lost-in-reraise dataset-exception collate-shape-mismatch
collate-ragged-lists collate-unsupported-type cuda-in-forked-worker cuda-tensor-in-forked-worker
pin-memory-on-cuda-tensor pin-memory-cuda-oom pin-memory-thread-died pin-persistent-bug-torch17
generator-device-mismatch hang-fork-threads hang-in-worker worker-timeout timeout-with-zero-workers
fork-threads-warning tokenizers-fork-warning fork-shared-handle duplicate-worker-rng iterable-dup-workers
iterable-length-mismatch iterable-with-shuffle sampler-shuffle-exclusive batching-args-exclusive
empty-dataset persistent-workers-zero prefetch-factor-zero-workers too-many-workers too-few-workers
loader-bottleneck loader-api-misuse ddp-loader-imbalance iterator-inherited-by-fork shutdown-noise
not-dataloader silent-truncation intra-op-oversubscription cpu-quota-ignored cpu-steal
forkserver-without-preload no-persistent-workers too-many-workers-slower head-of-line-blocking
pin-without-accelerator blocking-transfer
start-method-broken shm-overstated few-held-batches pickling-broken fewer-cores-than-counted
torch-not-importable cuda-not-usable gpu-without-driver
driver-too-old pinning-fails cuda-survives-fork gpu-in-use gpu-throttled pcie-link-narrow mig-enabled
"""
ANSWERS = {"unrecognised"}  # not a cause, but what explain and run say where they know none
SLUGS = set(_SLUG_TEXT.split()) | ANSWERS
WEIRD = [None, 0, -1, 0.001, 2**63, 1e300, float("nan"), float("inf"), "", "many", True, [], {}]
CHECKS = find_checks()
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.slug)
every_machine_face = pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.judge], ids=lambda check: check.slug
)
every_log_face = pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.recognise], ids=lambda check: check.slug
)


def as_facts(values):
    return {key: Fact(value, "", "example") for key, value in values.items()}


def examples(check):
    return (check.fires, check.silent)


def module_of(check):
    return import_module(f"diagnostics.checks.{check.slug.replace('-', '_')}")


def test_there_are_checks_and_their_codes_and_slugs_are_their_own():
    assert len(CHECKS) >= 6
    for names in ([check.code for check in CHECKS], [check.slug for check in CHECKS]):
        assert len(set(names)) == len(names)


@every_check
def test_code_slug_and_title_are_of_their_form(check):
    assert re.fullmatch(r"(DL|MC|GP|LN)\d{3}", check.code)
    assert check.slug in SLUGS
    assert check.slug == module_of(check).SLUG
    assert check.title.strip() == check.title
    assert "\n" not in check.title


@every_check
def test_the_page_has_its_headings_in_order_and_text_below_each(check):
    sections = check.sections
    assert list(sections) == ["", *HEADINGS]
    assert all(sections.values())


@every_machine_face
def test_the_examples_hold_the_needs_and_nothing_else(check):
    assert check.needs
    for example in examples(check):
        assert set(example) == set(check.needs)


@every_machine_face
def test_the_firing_example_fires_with_number_evidence_and_commands(check):
    finding = judge_one(check, as_facts(check.fires))
    assert finding.status in {Status.WARN, Status.FAIL}
    assert re.search(r"\d", finding.summary + " ".join(finding.evidence))
    assert finding.evidence
    assert finding.remedy is not None
    assert all(command.strip() for command in finding.remedy.commands)
    assert finding.confidence in {"certain", "likely", "possible"}


@every_machine_face
def test_the_silent_example_is_ok_with_its_number(check):
    finding = judge_one(check, as_facts(check.silent))
    assert finding.status == Status.OK
    assert re.search(r"\d", finding.summary)
    assert finding.summary != check.title


@every_machine_face
def test_each_missing_fact_gives_unknown_and_is_named(check):
    for key, example in itertools.product(check.needs, examples(check)):
        finding = judge_one(check, as_facts({other: example[other] for other in example if other != key}))
        assert finding.status == Status.UNKNOWN
        assert key in finding.summary


@every_machine_face
def test_weird_values_never_crash_it(check):
    for key, value, example in itertools.product(check.needs, WEIRD, examples(check)):
        finding = judge_one(check, as_facts({**example, key: value}))
        assert finding.status != Status.CRASHED, (key, value, finding.summary)
    for value in WEIRD:
        assert judge_one(check, as_facts(dict.fromkeys(check.needs, value))).status != Status.CRASHED


@every_machine_face
def test_judging_changes_nothing_and_repeats_itself(check):
    for example in examples(check):
        facts = as_facts({**copy.deepcopy(dict(example)), "other.fact": 1})
        before = copy.deepcopy(facts)
        first, second = judge_one(check, facts), judge_one(check, facts)
        assert isinstance(first, Finding)
        assert first == second
        assert facts == before


@every_check
def test_it_imports_nothing_that_touches_the_world(check):
    tree = ast.parse(inspect.getsource(module_of(check)))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    allowed = {"collections.abc", "itertools", "typing", "diagnostics.findings", "diagnostics.quantities"}
    assert {name for name in imported if not name.startswith("diagnostics.traces.")} <= allowed
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_every_known_cause_has_its_check():
    assert {check.slug for check in CHECKS if check.slug in SLUGS} == SLUGS


@every_check
def test_a_check_has_a_face_or_is_a_page_alone(check):
    assert bool(check.judge) == bool(check.needs)
    assert bool(check.recognise) == bool(check.log_fires) == bool(check.log_silent)


@every_log_face
def test_the_excerpts_that_fire_make_it_the_first_finding_with_quoted_lines(check):
    assert len(check.log_fires) >= 2
    for excerpt in check.log_fires:
        findings = explain_log(excerpt, CHECKS)
        assert [finding.status for finding in findings].count(Status.CRASHED) == 0
        assert findings[0].slug == check.slug
        assert re.match(r"line \d+: ", findings[0].evidence[0])
        assert "{" not in findings[0].summary
        assert findings[0].remedy.commands


@every_log_face
def test_the_excerpts_that_look_alike_are_something_else(check):
    for excerpt in check.log_silent:
        assert check.slug not in {finding.slug for finding in explain_log(excerpt, CHECKS)}

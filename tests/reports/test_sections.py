"""The contract of every section."""

from dataclasses import replace
from types import ModuleType

import pytest

from reports import sections
from reports.load import Run
from reports.parts import Overview, Prose, Section, Table
from reports.report import Report, shown_findings
from reports.sections import benchmarks, findings, machine, overview

EVERY = pytest.mark.parametrize(
    "module", sections.modules(), ids=lambda module: module.__name__.rpartition(".")[2]
)


@EVERY
def test_section_has_a_docstring_and_its_place(module: ModuleType) -> None:
    assert module.__doc__
    assert isinstance(module.ORDER, int)
    assert [m.ORDER for m in sections.modules()].count(module.ORDER) == 1


@EVERY
@pytest.mark.parametrize("fixture", ["our_run", "plain_run"])
def test_section_is_filled_or_absent(
    module: ModuleType, fixture: str, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(fixture)
    section = module.build(Report(run, "t", (), shown_findings(run)))
    assert section is None or (
        isinstance(section, Section) and section.parts and section.title and section.anchor
    )


def test_overview_comes_first_and_reading_last(plain_run: Run) -> None:
    anchors = [section.anchor for section in sections.built(Report(plain_run, "t"))]
    assert (anchors[0], anchors[-1]) == ("overview", "reading")


def verdict(report: Report) -> Overview:
    (part,) = overview.build(report).parts
    assert isinstance(part, Overview)
    return part


def test_verdict_is_unknown_where_nothing_was_judged(our_run: Run) -> None:
    part = verdict(Report(our_run, "t"))
    assert part.status == "unknown"
    assert part.commands == ("python -m diagnostics",)


def test_verdict_is_not_ok_where_every_check_was_left_open(our_run: Run) -> None:
    unknown = [f for f in shown_findings(our_run) if f.status == "unknown"][:1]
    assert unknown
    assert verdict(Report(our_run, "t", (), tuple(unknown))).status == "unknown"


def test_verdict_takes_the_worst_finding(our_run: Run) -> None:
    found = shown_findings(our_run)
    part = verdict(Report(our_run, "t", (), found))
    assert part.status == found[0].status
    assert found[0].remedy in part.advice
    assert list(part.commands) == list(found[0].commands[:1])


def test_findings_section_without_facts_gives_the_command(our_run: Run) -> None:
    section = findings.build(Report(our_run, "t"))
    assert section is not None
    (part,) = section.parts
    assert isinstance(part, Prose)
    assert part.commands == ("python -m diagnostics",)


def test_every_finding_stands_in_the_section_once(our_run: Run) -> None:
    found = shown_findings(our_run)
    section = findings.build(Report(our_run, "t", (), found))
    assert section is not None
    listed = [finding for part in section.parts if part.kind == "findings" for finding in part.findings]
    assert sorted(f.code + f.title for f in listed) == sorted(f.code + f.title for f in found)


def test_every_benchmark_is_listed(our_run: Run) -> None:
    table, download = benchmarks.build(Report(our_run, "t")).parts
    assert len(table.rows) == len(our_run.benchmarks)  # type: ignore[union-attr]
    assert download.text.count("\n") == 1 + 3 * len(our_run.benchmarks)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        ({"value": 64 * 2**20, "unit": "bytes"}, "64 MiB"),
        ({"value": ["fork", "spawn"], "unit": ""}, "fork, spawn"),
        ({"value": 10**400, "unit": "bytes"}, "a number of 401 digits"),
        ({"value": {"a": 1}, "unit": ""}, "{'a': 1}"),
        ({}, "none"),
        ({"value": True}, "yes"),
        ({"value": False, "unit": ""}, "no"),
    ],
)
def test_facts_are_written_for_people(fact: dict[str, object], text: str) -> None:
    assert machine.readable_value(fact) == text


def test_the_machine_is_named_with_its_gpus(our_run: Run) -> None:
    facts = {"torch.cuda_device_names": {"value": ["NVIDIA H200", "NVIDIA H200", "NVIDIA L4"]}}
    run = replace(our_run, document={**our_run.document, "machine_info": {"facts": facts}})
    section = machine.build(Report(run, "t"))
    assert section is not None
    table = section.parts[0]
    assert isinstance(table, Table)
    (row,) = table.rows
    assert [one.text for one in row] == ["GPU", "2 x NVIDIA H200, NVIDIA L4"]

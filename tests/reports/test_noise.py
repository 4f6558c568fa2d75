from pathlib import Path

from reports import pages
from reports.load import Run, read_run
from reports.report import Report
from reports.sections import noise
from tests.reports import results

REASON = "23 % of the CPU time was stolen"


def disturbed_run(tmp_path: Path) -> Run:
    document = results.small()
    for entry in document["benchmarks"]:
        entry["extra_info"]["passes"][1]["disturbed"] = [REASON, "heat slowed the processor 2 times"]
    return read_run(results.write(tmp_path / "r.json", document))


def test_disturbed_measurements_are_counted_and_listed_with_their_reasons(tmp_path: Path) -> None:
    run = disturbed_run(tmp_path)
    assert noise.disturbed(run).startswith("2 of 6 measurements (33 %) were marked as disturbed")
    section = noise.build(Report(run, "t"))
    assert section is not None
    (listed,) = (part for part in section.parts if part.kind == "table" and "reason" in part.columns)
    assert {row[2].text for row in listed.rows} == {REASON, "heat slowed the processor 2 times"}  # type: ignore[union-attr]
    assert {row[1].text for row in listed.rows} == {"2"}  # type: ignore[union-attr]
    assert REASON in pages.built([run]).html()


def test_quiet_run_says_that_nothing_was_marked(our_run: Run) -> None:
    assert noise.disturbed(our_run).startswith("None of ")


def test_file_without_passes_has_no_noise_section(plain_run: Run) -> None:
    assert noise.build(Report(plain_run, "t")) is None

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


def test_what_the_gpu_was_in_each_pass_is_a_table_where_it_was_recorded(tmp_path: Path, our_run: Run) -> None:
    document = results.small()
    for entry in document["benchmarks"]:
        for number, one in enumerate(entry["extra_info"]["passes"]):
            one |= {"gpu_sm_clock_hertz": 1.98e9 - number * 1e8, "gpu_temperature_celsius": 40 + number}
    section = noise.build(Report(read_run(results.write(tmp_path / "gpu.json", document)), "t"))
    assert section is not None
    (table,) = (part for part in section.parts if part.kind == "table" and "hottest" in part.columns)
    told = [[cell.text for cell in row] for row in table.rows]  # type: ignore[union-attr]
    assert told[1][:4] == ["2", "1.88 GHz", "1.88 GHz", "–"]
    assert told[1][5] == "41.0 °C"
    quiet = noise.build(Report(our_run, "t"))
    assert quiet is not None
    assert not [part for part in quiet.parts if part.kind == "table" and "hottest" in part.columns]


def test_quiet_run_says_that_nothing_was_marked(our_run: Run) -> None:
    assert noise.disturbed(our_run).startswith("None of ")


def test_file_without_passes_has_no_noise_section(plain_run: Run) -> None:
    assert noise.build(Report(plain_run, "t")) is None

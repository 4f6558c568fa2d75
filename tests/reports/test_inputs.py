import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports import pages, summaries
from reports.inputs import Reading
from reports.load import ResultError
from tests.reports import results


def newest(*paths: Path, reading: Reading | None = None) -> str:
    return summaries.collected((reading or Reading()).runs(paths))[0].name


def dated(path: Path, year: int) -> Path:
    return results.write(path, results.plain(datetime=f"{year}-01-01T00:00:00+00:00"))


def test_folder_stands_for_all_its_results_and_the_newest_is_the_subject(tmp_path: Path) -> None:
    (tmp_path / "Linux").mkdir()
    dated(tmp_path / "Linux" / "0001.json", 2026)
    dated(tmp_path / "0002.json", 2025)
    results.write(tmp_path / "findings.json", {"findings": []})
    reading = Reading()
    assert newest(tmp_path, reading=reading) == "0001.json"
    assert reading.passed_over == ["findings.json"]


def test_result_without_a_date_is_as_old_as_its_file(tmp_path: Path) -> None:
    dated(tmp_path / "dated.json", 2026)
    undated = results.write(tmp_path / "undated.json", results.plain())
    for year, name in ((2020, "dated.json"), (2027, "undated.json")):
        moment = datetime(year, 1, 1, tzinfo=UTC).timestamp()
        os.utime(undated, (moment, moment))
        assert newest(tmp_path) == name


def test_pattern_stands_for_the_files_that_match(tmp_path: Path) -> None:
    for year in (2024, 2025):
        dated(tmp_path / f"a{year}.json", year)
    dated(tmp_path / "b.json", 2026)
    assert newest(tmp_path / "a*.json") == "a2025.json"


@pytest.mark.parametrize("name", ["", "*.json"])
def test_folder_or_pattern_without_a_result_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="without a result"):
        newest(tmp_path / name if name else tmp_path)


def test_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    results.write(tmp_path / "other.json", {"a": 1})
    with pytest.raises(ResultError, match="No result to show"):
        newest(tmp_path)


def test_broken_file_stops_and_tells_of_keep_going(tmp_path: Path) -> None:
    dated(tmp_path / "a.json", 2026)
    (tmp_path / "cut.json").write_text('{"benchm')
    with pytest.raises(ResultError, match=r"cut\.json breaks off .*`--keep-going` leaves such a file out"):
        newest(tmp_path)


@pytest.mark.parametrize("content", ['{"benchm', '{"a": 1}', ""])
def test_keep_going_names_what_it_skips(content: str, tmp_path: Path) -> None:
    good = dated(tmp_path / "a.json", 2026)
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    reading = Reading(keep_going=True)
    assert newest(good, bad, reading=reading) == "a.json"
    ((path, sentence),) = reading.skipped
    assert path == bad
    assert sentence.startswith(str(bad))


def test_keep_going_with_nothing_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"No result to show: .*gone\.json does not exist"):
        newest(tmp_path / "gone.json", reading=Reading(keep_going=True))


def test_documents_of_profile_and_tune_stand_beside_the_results(tmp_path: Path) -> None:
    result = results.write(tmp_path / "r.json", results.small())
    rungs = [{"name": "dataset alone", "samples_per_second": 812.0, "low": 800.0, "high": 830.0}]
    profile = results.write(tmp_path / "p.json", {"command": "profile", "bound": "cpu", "rungs": rungs})
    tuned = {
        "recommended": {"num_workers": 2, "pin_memory": False},
        "samples_per_second": 640.0,
        "interval": [600.0, 680.0],
        "trials": [{"arguments": {"num_workers": 0}, "samples_per_second": 320.0, "seconds": 2.0}],
    }
    tune = results.write(tmp_path / "t.json", {"command": "tune", **tuned})
    reading = Reading()
    text = pages.built(reading.runs([result, profile, tune]), companions=reading.companions).html()
    assert "Ladder and tuning" in text
    assert "<strong>cpu</strong>" in text
    assert "DataLoader(dataset, num_workers=2, pin_memory=False)" in text
    assert "640 samples/s (95 % interval 600 to 680)" in text


def test_results_of_one_machine_make_a_page_about_its_newest(tmp_path: Path) -> None:
    for year in (2024, 2026, 2025):
        dated(tmp_path / f"{year}.json", year)
    _, found = summaries.collected(Reading().runs([tmp_path]))
    assert [one.name for one in found] == ["2026.json", "2025.json", "2024.json"]
    assert len(summaries.hosts(found)) == 1


def test_containers_of_one_machine_are_one_machine(tmp_path: Path) -> None:
    for name in ("0123456789ab", "ba9876543210"):
        document = results.plain()
        document["machine_info"] = {"node": name, "cpu": {"brand_raw": "A CPU", "count": 4}}
        results.write(tmp_path / f"{name}.json", document)
    _, found = summaries.collected(Reading().runs([tmp_path]))
    assert len(summaries.hosts(found)) == 1


def test_pyperf_and_hyperfine_files_make_a_page(tmp_path: Path) -> None:
    hyperfine = {"results": [{"command": "sort a", "mean": 0.5, "times": [0.4, 0.5, 0.6]}]}
    runs = [{"values": [1e-6, 1.1e-6]}, {"values": [1.2e-6]}]
    pyperf = {"metadata": {"name": "list sum"}, "benchmarks": [{"runs": runs}]}
    for name, document in (("sort a", hyperfine), ("list sum", pyperf)):
        path = tmp_path / "r.json"
        path.write_text(json.dumps(document))
        assert name in pages.built(Reading().runs([path])).html()

"""Pages of files that are not ours: pytest-benchmark 3 to 5, pyperf, hyperfine."""

from pathlib import Path
from typing import Any

import pytest

from reports import any_cards, pages
from reports.load import Run, read_run
from tests.reports import results

OLD_MACHINE = {  # as pytest-benchmark 3 wrote it
    "node": "glados", "processor": "x86_64", "machine": "x86_64", "python_compiler": "GCC 7.5.0",
    "python_implementation": "CPython", "python_version": "3.6.9", "system": "Linux",
    "cpu": {"brand": "Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", "count": 8, "hz_advertised": "1.9000 GHz"},
}  # fmt: skip


def run(tmp_path: Path, **changes: Any) -> Run:
    return read_run(results.write(tmp_path / "r.json", results.plain(**changes)))


def grouped() -> list[dict[str, Any]]:
    values = {"sort[quick]": [1.0, 1.1, 0.9], "sort[merge]": [2.0, 2.9, 1.0], "parse": [3.0, 3.0, 3.0]}
    return [
        results.plain_entry(name, times) | {"group": "sort" if "sort" in name else None}
        for name, times in values.items()
    ]


def test_first_screen_says_what_takes_longest_varies_most_and_how_groups_spread(tmp_path: Path) -> None:
    longest, noisiest, groups = any_cards.cards(run(tmp_path, benchmarks=grouped()))
    assert [(a.label, a.value) for a in longest.answers][:2] == [
        ("parse", "3.00 s"),
        ("sort[merge]", "2.00 s"),
    ]
    assert longest.answers[0].detail == "50 % of all medians"
    assert (noisiest.answers[0].label, noisiest.answers[0].value) == ("sort[merge]", "95 %")
    assert (groups.answers[0].value, groups.answers[0].detail) == (
        "2.00 times",
        "from sort[quick] to sort[merge]",
    )
    assert "no verdict" in groups.sureness


def test_links_of_the_first_screen_lead_somewhere(tmp_path: Path) -> None:
    one = run(tmp_path, benchmarks=grouped())
    html = pages.built([one]).html()
    assert all(f'id="{card.link}"' in html for card in any_cards.cards(one))


@pytest.mark.parametrize("version", ["3.0.0", "3.4.1", "4.0.0", "5.3.1"])
def test_every_version_gets_times_machine_commit_and_data(version: str, tmp_path: Path) -> None:
    commit = {"id": "a" * 40, "dirty": True, "branch": "main"}
    one = run(tmp_path, version=version, machine_info=OLD_MACHINE, commit_info=commit)
    html = pages.built([one]).html()
    origin = "commit aaaaaaaaaaaa on branch main, with uncommitted changes"
    for told in ("What takes longest?", "i7-8650U", f"pytest-benchmark {version}", origin, "data:text/csv"):
        assert told in html
    assert "glados" not in html


def test_file_without_any_positive_median_gets_no_cards(tmp_path: Path) -> None:
    assert any_cards.cards(run(tmp_path, benchmarks=[{"name": "zero", "stats": {"median": 0.0}}])) == []


def test_group_of_one_and_statistics_without_quartiles_are_no_answer(tmp_path: Path) -> None:
    entry = {"name": "a", "group": "alone", "stats": {"median": 1.0}}
    (longest,) = any_cards.cards(run(tmp_path, benchmarks=[entry]))
    assert longest.answers[0].label == "a"

"""The page of a comparison."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from reports.comparison import forest, page
from reports.comparison.result import Result
from reports.wording import number
from tests.reports.comparison import runs
from tests.reports.comparison.test_documents import hostile
from tests.reports.test_page import HOSTILE, Elements


def made(folder: Path) -> Result:
    a, b = runs.three(runs.ours)
    for document in b:
        del document["benchmarks"][0]
        document["machine_info"]["facts"]["gpu.driver_version"]["value"] = "560.2"
    return runs.compared(folder, a, [runs.scaled(document, 1.3) for document in b])


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return made(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def html(result: Result) -> str:
    return page.render(result, "")


def test_first_screen_counts_the_verdicts(html: str) -> None:
    first_screen = html.partition("<nav")[0]
    assert '<span aria-hidden="true">▲</span> slower</span>\n 4 of 4 comparisons.' in first_screen
    assert "B against A: 4 slower, 0 faster, 0 unsure, 0 same; 1 on one side only." in first_screen


def test_every_section_stands_on_the_page(html: str) -> None:
    sections = re.findall(r'<section id="([^"]+)"', html)
    assert sections == ["overview", "comparisons", "machines", "missing", "method"]
    assert "What differs and matters: B against A" in html
    assert "<td>gpu.driver_version</td><td>550.1</td><td>560.2</td>" in html
    assert "not in B" in html
    assert "How fast the machines are: references, B against A" in html
    assert "All facts of each side" in html


def test_one_machine_shows_how_far_it_moved(tmp_path: Path) -> None:
    text = page.render(runs.compared(tmp_path, [runs.ours()], [runs.ours(1)]), "")
    assert "How far the machine itself moved: references, b0.json against a0.json" in text
    assert "<td>memory copy</td>" in text


def test_policy_allows_the_script_and_nothing_else_and_nothing_is_asked_for(html: str) -> None:
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; script-src &#39;sha256-{digest}&#39;;" in html
    for tag, attributes in Elements(html).found:
        for name in ("src", "href", "action", "data"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert not re.search(r"url\((?!#)", html)


def test_two_pages_of_equal_input_are_byte_identical(html: str, tmp_path: Path) -> None:
    assert page.render(made(tmp_path), "") == html


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    result = runs.compared(tmp_path, [hostile(0)], [hostile(1)])
    text = page.render(result, HOSTILE[0])
    elements = Elements(text).found
    assert sum(tag == "script" for tag, _ in elements) == 1
    assert not {tag for tag, _ in elements} & {"img", "b"}
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert '>a,b"c d|e<' in text  # in the figure, where a name is one line


def test_private_words_are_hidden_unless_asked_for(tmp_path: Path) -> None:
    document = runs.ours(
        host__name="glados-7", environment__TOKEN="hunter2", environment__OMP_PLACES="hunter3"
    )
    document["benchmarks"][0]["name"] = "bench[/home/cjohnson/data]"
    text = page.render(runs.compared(tmp_path, [document], [runs.ours(1)]), "")
    assert [word for word in ("glados", "hunter2", "hunter3", "cjohnson") if word in text] == []
    assert "environment.OMP_PLACES" in text


def test_the_figure_states_counts_and_the_largest_ratio(result: Result) -> None:
    largest = result.against[0].rows[0].comparison
    title = forest.title(result.against[0])
    assert title.startswith(f"B against A: 4 slower of 4 configurations; {largest.name[:20]}")
    assert title.endswith(f" takes {number(largest.ratio)} times as long")


def test_the_figure_survives_ratios_that_nothing_bounds_and_many_lines(tmp_path: Path) -> None:
    constant = runs.plain(0, rounds=1)
    first = constant["benchmarks"][0]
    constant["benchmarks"] = [first | {"name": f"n{i}", "fullname": f"t.py::n{i}"} for i in range(80)]
    drawn = forest.drawn(runs.against(tmp_path, [constant] * 3, [constant] * 3), "x")
    assert drawn is not None
    assert "The first 60 of 80 are drawn" in drawn.caption
    assert len(drawn.table.rows) == 80
    assert [drawn.svg.count(f">{name}<") for name in ("n5", "n7")] == [1, 0]


def test_sides_without_a_common_configuration_say_so(tmp_path: Path) -> None:
    text = page.render(runs.compared(tmp_path, [runs.ours()], [runs.plain(1)]), "")
    assert "Nothing could be compared." in text
    assert "no configuration was measured on both sides" in text

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reports import page, pages
from reports.load import Run, read_run
from tests.reports import results
from tests.reports.test_privacy import WORDS, planted

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{ 7*7 }}",
    "$\\frac{1}{$",
    "\u202egnp.exe",
    "`</code><b>`",
)


class Elements(HTMLParser):
    """Collects every start tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def hostile(value: Any, number: int = 0) -> Any:
    """Return a document with a hostile word in every string that a file is free to choose."""
    if isinstance(value, dict):
        fixed = {"topic", "datetime", "unit", "mode", "direction", "start_method"}
        return {k: v if k in fixed else hostile(v, number + i) for i, (k, v) in enumerate(value.items())}
    if isinstance(value, list):
        return [hostile(item, number + i) for i, item in enumerate(value)]
    return f"{value}{HOSTILE[number % len(HOSTILE)]}" if isinstance(value, str) else value


@pytest.fixture(scope="module")
def html(our_run: Run) -> str:
    return page.render(page.report_of(our_run, "A title"))


def test_policy_allows_this_script_and_nothing_else(html: str) -> None:
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert script
    assert policy
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert html.count("<script") == 1


def test_page_refers_to_nothing_outside_itself(html: str) -> None:
    elements = Elements(html).found
    for tag, attributes in elements:
        for name in ("src", "href", "xlink:href", "action", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:text/csv;")), (tag, attributes)
    assert not {tag for tag, _ in elements} & {"link", "iframe", "object", "embed", "base", "form", "img"}
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_links_inside_the_page_resolve(html: str) -> None:
    elements = Elements(html).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    hrefs = [str(attributes["href"]) for tag, attributes in elements if tag == "a"]
    links = {href[1:] for href in hrefs if href.startswith("#")}
    assert links
    assert links <= set(ids)


def test_first_screen_answers_the_three_questions(html: str) -> None:
    first_screen = html.partition("<nav")[0]
    for answer in (
        "How many workers?",
        "2 workers",
        "18 %",
        "35 %",
        "92.2 %",
        "from 30",
        "3 passes",
        "8 seeds",
    ):
        assert answer in first_screen


def test_verdict_names_the_worst_finding_and_how_to_mend_it(html: str) -> None:
    first_screen = html.partition("<nav")[0]
    assert "The one thing to mend" in first_screen
    assert re.search(r'class="verdict (warn|fail)"', first_screen)
    assert '<pre class="command">' in first_screen


def test_two_builds_are_byte_identical(our_run: Run, html: str) -> None:
    assert page.render(page.report_of(our_run, "A title")) == html


def test_hostile_strings_stay_text(tmp_path: Path) -> None:
    document = hostile(results.ours())
    document["benchmarks"] += [results.plain_entry(word, [1.0, 2.0, 3.0]) for word in HOSTILE]
    run = read_run(results.write(tmp_path / "r.json", document))
    text = page.render(page.report_of(run, HOSTILE[0]))
    elements = Elements(text).found
    assert sum(tag == "script" for tag, _ in elements) == 1
    assert not {tag for tag, _ in elements} & {"img", "b"}
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert "49" not in re.findall(r"\{\{ ?(\d+) ?\}\}", text)
    assert "\u202e" not in text
    assert "could not be drawn" not in text
    text.encode("utf-8")


def test_no_private_word_reaches_the_page(tmp_path: Path) -> None:
    text = pages.built([planted(tmp_path)], "t").html()
    assert [word for word in WORDS if word in text] == []
    assert "Left out" in text
    assert "names of hosts and users" in text


def test_private_words_are_shown_where_asked_for(tmp_path: Path) -> None:
    text = pages.built([planted(tmp_path, include_private=True)], "t").html()
    assert [word for word in WORDS if word not in text] == []


def test_file_of_another_suite_gets_a_useful_page_without_our_questions(plain_run: Run) -> None:
    text = page.render(page.report_of(plain_run, "t"))
    assert "test_parse is the slowest of 2 benchmarks: 12.0 ms (median)" in text
    assert "12.0 ms" in text
    assert "How many workers?" not in text
    assert "Loader throughput" not in text


def test_our_file_without_a_topic_says_what_was_not_measured_and_how_to(tmp_path: Path) -> None:
    document = results.small()
    text = page.render(page.report_of(read_run(results.write(tmp_path / "r.json", document)), "t"))
    assert "was not measured in this run" in text
    assert "pytest bench --benchmark-autosave -k weight_decay" in text


def test_unfinished_run_is_announced_first(tmp_path: Path) -> None:
    document = results.small()
    document["torch_checkup"]["complete"] = False
    text = page.render(page.report_of(read_run(results.write(tmp_path / "r.json", document)), "t"))
    assert "Unfinished run" in text.partition("How many workers?")[0]


def test_failures_and_skips_are_told_with_their_reasons(html: str) -> None:
    assert "no batch came within 60 s" in html
    assert "no CUDA here" in html


def test_missing_values_are_noted_and_survived(tmp_path: Path) -> None:
    document = results.ours()
    for entry in document["benchmarks"][::2]:
        entry["extra_info"]["passes"][1]["seconds"] = float("nan")
        entry["extra_info"]["passes"][1]["figures"] = {}
        entry["extra_info"]["passes"][0]["reference"]["copy_seconds"] = float("inf")
    text = page.render(page.report_of(read_run(results.write(tmp_path / "r.json", document)), "t"))
    assert "NaN, infinite or absurdly large" in text
    assert "could not be drawn" not in text


def test_one_pass_alone_claims_no_interval(tmp_path: Path) -> None:
    document = results.ours()
    for entry in document["benchmarks"]:
        del entry["extra_info"]["passes"][1:]
    text = page.render(page.report_of(read_run(results.write(tmp_path / "r.json", document)), "t"))
    assert "no interval from one value" in text
    assert "could not be drawn" not in text


def test_other_results_are_named_and_not_mixed_in(tmp_path: Path) -> None:
    small_run = read_run(results.write(tmp_path / "small.json", results.small()))
    same_machine = results.plain(machine_info={"node": "box"}, datetime="2020-01-01T00:00:00")
    plain_run = read_run(results.write(tmp_path / "plain.json", same_machine))
    text = pages.built([plain_run, small_run], "t").html()
    assert "newest of 2 results of this machine" in text
    assert plain_run.name in text
    assert "test_parse" not in text


def test_style_names_every_status_that_a_finding_can_have() -> None:
    from diagnostics.findings import Status

    css = (page.TEMPLATES / "page.css").read_text(encoding="utf-8")
    for status in Status:
        assert f".{status}" in css
        assert str(status) in page.GLYPHS


def test_script_writes_no_markup_and_stays_small() -> None:
    script = (page.TEMPLATES / "page.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|fetch|XMLHttp", script)
    assert len(script.splitlines()) <= 150

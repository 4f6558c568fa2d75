"""Files that mean harm: the page stays inert and readable, or the file is refused in one sentence."""

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reports import canvas, json_files, pages, twins
from reports.load import ResultError, Run, read_run
from tests.reports import results
from tests.reports.test_page import HOSTILE, Elements, hostile

ROOT = Path(__file__).resolve().parents[2]
WORDS = (
    *HOSTILE,
    "\u202egnp.exe\u2066x\u061c",
    "\ud800 alone",
    "x" * 10_000,
    "\u2028\u2029\ufeff\u200b\U000e0041",
    "日本語 🔥 مرحبا",
    "a\nb\tc\x00d",
    "-->",
    "]]>",
    "&lt;b&gt;",
    "style=background:url(//evil.example)",
    "**bold** `code` [link](javascript:alert(1)) ![i](http://evil.example/x.png) <!-- @everyone",
    "| cell | =1+1",
)
ACTIVE = {
    "img",
    "b",
    "iframe",
    "object",
    "embed",
    "base",
    "form",
    "link",
    "meta http-equiv=refresh",
    "video",
    "audio",
}


def poisoned() -> dict[str, Any]:
    """Return a document with hostile words as names, keys, facts, parameters, units and reasons."""
    made = hostile(results.small())
    for number, word in enumerate(WORDS):
        entry = results.plain_entry(word, [1.0, 2.0, 3.0]) | {
            "group": word,
            "params": {word: word, "n": number},
        }
        entry["extra_info"] = {word: [word], "passes": word, "figures": {word: float("nan")}}
        made["benchmarks"].append(entry)
        made["machine_info"]["facts"][f"cpu.{word}"] = {"value": word, "unit": word, "source": word}
        made["machine_info"][word] = {word: word}
        made["torch_checkup"]["failures"].append(
            {"name": word, "kind": word, "reason": word, "passes_done": word}
        )
        made["torch_checkup"]["skipped"].append({"fullname": word, "reason": word})
    measured = made["benchmarks"][0]["extra_info"]["passes"][0]
    measured |= {"disturbed": [*WORDS, {}, 3], "seconds": float("inf"), "pass": "x"}
    made["commit_info"] = {"id": WORDS[0], "branch": WORDS[1], "dirty": WORDS[2]}
    made["torch_checkup"] |= {"profile": WORDS[0], "passes": "many", "order_seed": WORDS[1]}
    return made


@cache
def page(folder: Path) -> pages.Page:
    return pages.built([run(folder)], HOSTILE[0])


def run(folder: Path) -> Run:
    return read_run(results.write(folder / "poisoned.json", poisoned()))


@pytest.fixture(scope="module")
def poisoned_page(tmp_path_factory: pytest.TempPathFactory) -> pages.Page:
    return page(tmp_path_factory.mktemp("hostile"))


def test_page_of_poisoned_fields_holds_no_element_or_handler_of_theirs(poisoned_page: pages.Page) -> None:
    html = poisoned_page.html()
    elements = Elements(html).found
    assert sum(tag == "script" for tag, _ in elements) == 1
    assert not {tag for tag, _ in elements} & ACTIVE
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    hrefs = [str(attributes["href"]) for _, attributes in elements if "href" in attributes]
    assert all(href.startswith(("#", "data:text/csv;")) for href in hrefs)
    assert not set(html) & set("\u202e\u2066\u061c\u2028\u200b\ufeff\x00")
    assert "x" * 2500 not in html
    assert "could not be drawn" not in html
    assert "日本語 🔥" in html
    html.encode("utf-8")


def test_markdown_of_poisoned_fields_is_inert(poisoned_page: pages.Page) -> None:
    text = twins.markdown_text(poisoned_page)
    outside = text.replace("\n> ", "\n").replace("**", "")
    assert not [
        word for word in ("<script", "](", "![", "<img", "<!--", "@everyone", "http://") if word in outside
    ]


def test_data_of_poisoned_fields_hold_no_formula_and_parse(poisoned_page: pages.Page) -> None:
    import csv

    lines = list(csv.reader(poisoned_page.csv().splitlines(keepends=True)))
    assert {len(line) for line in lines} == {len(lines[0])}
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "@"))]
    assert json.loads(twins.json_text(poisoned_page))["command"] == "build"
    assert "\x1b" not in twins.terminal_text(poisoned_page)


def test_poisoned_machines_make_a_fleet_all_the_same(tmp_path: Path) -> None:
    machines = [poisoned() for _ in range(3)]
    for number, made in enumerate(machines):
        made["machine_info"]["node"] = f"{HOSTILE[number]}{number}"
    runs = [read_run(results.write(tmp_path / f"{n}.json", made)) for n, made in enumerate(machines)]
    text = pages.built(runs, HOSTILE[1]).html()
    elements = Elements(text).found
    assert sum(tag == "script" for tag, _ in elements) == 1
    assert not {tag for tag, _ in elements} & ACTIVE


@pytest.mark.parametrize("word", ["日本語 🔥", "\U0001f525" * 50, "ש" * 80])
def test_letters_that_matplotlib_lacks_do_not_warn(word: str, tmp_path: Path) -> None:
    made = results.plain(benchmarks=[results.plain_entry(word, [1.0, 2.0])])
    assert word[:10] in pages.built([read_run(results.write(tmp_path / "r.json", made))]).html()
    assert len(canvas.label(word)) <= canvas.LONGEST_LABEL


@pytest.mark.parametrize("odd", [[], [1, 2], {"a": 1}])
def test_parameters_and_failures_of_an_odd_shape_are_shown_as_text(odd: Any, tmp_path: Path) -> None:
    made = results.ours()
    for entry in made["benchmarks"]:
        entry["params"] |= {"workload": odd, "device": odd}
    made["torch_checkup"] |= {"complete": False, "failures": 5}
    page = pages.built([read_run(results.write(tmp_path / "r.json", made))])
    assert any(str(odd) in answer.label for card in page.head.cards for answer in card.answers)
    assert "Unfinished run" in page.html()


def test_depth_within_reason_is_shown_and_beyond_it_refused(tmp_path: Path) -> None:
    def nested(depth: int) -> dict[str, Any]:
        value: Any = 1
        for _ in range(depth):
            value = {"a": [value]}
        return results.plain(machine_info={"facts": {"x": {"value": value}}})

    shallow = read_run(results.write(tmp_path / "shallow.json", nested(10)))
    assert "&#39;a&#39;" in pages.built([shallow]).html()
    with pytest.raises(ResultError, match="nested too deeply"):
        read_run(results.write(tmp_path / "deep.json", nested(200)))


def test_file_of_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(json_files.LARGEST_FILE_BYTES + 1)
    with pytest.raises(ResultError, match=r"huge\.json is larger than 256 MiB, too large to be a result"):
        read_run(path)


def test_list_of_millions_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_bytes(b'{"benchmarks": [' + b"0," * json_files.MOST_VALUES + b"0]}")
    with pytest.raises(ResultError, match="holds more than 5,000,000 values"):
        read_run(path)


def test_stream_without_an_end_is_refused() -> None:
    endless = Path("/dev/zero")
    if not endless.exists():
        pytest.skip("needs /dev/zero")
    with pytest.raises(ResultError, match="larger than 256 MiB"):
        read_run(endless)


def test_nothing_of_the_room_executes_or_unpickles() -> None:
    forbidden = {"eval", "exec", "compile", "__import__"}
    modules = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml", "subprocess"}
    for path in (ROOT / "reports").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, path
            if isinstance(node, ast.Import):
                assert not {alias.name.partition(".")[0] for alias in node.names} & modules, path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in modules, path


def test_template_escapes_everything_but_style_script_and_figures() -> None:
    source = (ROOT / "reports" / "templates" / "page.html.j2").read_text(encoding="utf-8")
    unescaped = [line for line in source.splitlines() if "| inline" in line or "| safe" in line]
    assert len(unescaped) == 3
    assert all(
        any(name in line for name in ("style | inline", "script | inline", "svg | inline"))
        for line in unescaped
    )

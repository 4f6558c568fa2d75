"""Markdown and the terminal."""

import io
from pathlib import Path

import pytest

from reports.comparison import markdown, terminal
from reports.comparison.result import Result
from tests.reports.comparison import runs
from tests.reports.comparison.test_documents import FORMULAS, hostile
from tests.reports.test_page import HOSTILE


def told(found: Result, stream: io.TextIOWrapper | None = None) -> str:
    stream = stream or io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    terminal.write(found, stream)
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)  # type: ignore[attr-defined]


@pytest.fixture
def changed(tmp_path: Path) -> Result:
    a, b = runs.three(runs.ours)
    for document in b:
        del document["benchmarks"][0]
        document["machine_info"]["facts"]["gpu.driver_version"]["value"] = "560.2"
    return runs.compared(tmp_path, a, [runs.scaled(document, 1.3) for document in b])


def test_a_pipe_gets_sides_facts_verdicts_missing_and_the_counts_last(changed: Result) -> None:
    lines = told(changed).splitlines()
    assert lines[0] == "A: 3 runs (a0.json, a1.json, a2.json); A CPU, 2, NVIDIA T4, torch 2.13.0"
    assert [line.split() for line in lines if line.startswith("gpu.")] == [
        ["gpu.driver_version", "550.1", "560.2"]
    ]
    assert sum(line.startswith("▲ slower  1.3") for line in lines) == 4
    assert [line for line in lines if line.startswith("On one side only")]
    assert lines[-1] == "4 slower, 0 faster, 0 unsure, 0 same; 1 on one side only"
    assert "\x1b" not in "".join(lines)


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_each_reason_once_below_what_it_holds_for_within_its_width(
    changed: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("COLUMNS", "80"), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    text = told(changed, Terminal(io.BytesIO(), encoding="utf-8"))
    rows = text[text.index("verdict") : text.index("not in the table")]
    assert max(map(len, rows.splitlines())) <= 80
    assert rows.count("▲ slower") == 4
    assert rows.count("3 pairs of runs") == 1
    assert rows.index("3 pairs of runs") > rows.rindex("▲ slower")


def test_a_terminal_colours_verdicts_unless_no_color_is_set(
    changed: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31m▲ slower" in told(changed, Terminal(io.BytesIO(), encoding="utf-8"))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in told(changed, Terminal(io.BytesIO(), encoding="utf-8"))


def test_a_stream_without_our_glyphs_gets_ascii(changed: Result) -> None:
    text = told(changed, io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert "^ slower" in text


def test_hostile_names_stay_on_their_line_in_the_terminal(tmp_path: Path) -> None:
    found = runs.compared(tmp_path, [hostile(0)], [hostile(1)])
    lines = told(found).splitlines()
    verdicts = [line for line in lines if line.startswith(("~ unsure", "= same"))]
    assert len(verdicts) == len(FORMULAS) + len(HOSTILE)


def cells(line: str) -> list[str]:
    return line.strip("|").split("|")


def test_markdown_has_whole_tables_of_facts_verdicts_and_what_is_missing(changed: Result) -> None:
    text = markdown.text(changed)
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("| ")]
    assert [len(table) for table in tables] == [3, 6, 3]
    for table in tables:
        assert len({len(cells(line)) for line in table}) == 1
        assert set(table[1]) <= set("|- ")
    assert "| `gpu.driver_version` | 550.1 | 560.2 |" in tables[0]
    assert tables[1][2].startswith("| ▲ slower | 1.30 | 1.2")
    assert "**4 slower, 0 faster, 0 unsure, 0 same; 1 on one side only**" in text


def test_hostile_names_are_inert_in_markdown(tmp_path: Path) -> None:
    text = markdown.text(runs.compared(tmp_path, [hostile(0)], [hostile(1)]))
    (table,) = [part.splitlines() for part in text.split("\n\n") if part.startswith("| ")]
    assert len(table) == 2 + len(FORMULAS) + len(HOSTILE)
    assert {len(cells(line)) for line in table} == {7}
    assert "<" not in text
    assert "{{" not in text


@pytest.mark.parametrize(
    "name", ["[a](javascript:alert(1))", "@someone", "a|b", "a\\|b", "https://x.example", "`x`|"]
)
def test_markup_links_and_mentions_are_escaped(name: str) -> None:
    shown = markdown.name(name)
    is_code = shown.startswith("`")
    assert not set(shown.strip("`") if is_code else shown.replace("&#", "")) & set("|<>`*\\@#")
    assert is_code or "://" not in shown


def test_ordinary_names_are_code() -> None:
    assert markdown.name("bench_loader[image-cpu-fork-2]") == "`bench_loader[image-cpu-fork-2]`"

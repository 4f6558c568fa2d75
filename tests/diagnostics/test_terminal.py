import pytest

from diagnostics.facts import Fact
from diagnostics.findings import Finding, Remedy, Status
from diagnostics.judge import find_checks
from diagnostics.terminal import (
    ASCII,
    GLYPHS,
    explanation_lines,
    finding_lines,
    list_lines,
    machine_lines,
    page_lines,
    report_lines,
    summary_line,
)

COMMAND = "docker run --shm-size=8g " + "--label a=b " * 20
FACTS = {
    "cpu.model_name": Fact("AMD EPYC", "", "x"),
    "cpu.quota_cores": Fact(None, "cores", "x"),
    "gpu.0.memory_bytes": Fact(1024**3, "bytes", "x"),
    "environment.OMP_NUM_THREADS": Fact("2", "", "x"),
    "environment.MKL_NUM_THREADS": Fact(None, "", "x"),
}


def finding(status, summary="There are 3.", remedy=None):
    return Finding("MC900", "a-slug", status, "Bad", summary, ("3 of 4",), remedy)


WARNING = finding(Status.WARN, "word " * 60, Remedy("Do this.", (COMMAND,)))


def text(lines):
    return "\n".join(line.plain for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_lines_keep_to_the_width_but_commands_stay_whole(width):
    lines = text(report_lines(FACTS, [WARNING], width)).splitlines()
    assert [line.strip() for line in lines if len(line) > width] == [COMMAND.strip()]


def test_facts_are_grouped_by_source_with_units_for_people():
    lines = text(machine_lines(FACTS, 80)).splitlines()
    assert "  cpu          model AMD EPYC · quota none" in lines
    assert "  gpu          0 memory 1 GiB" in lines
    assert "  environment  OMP_NUM_THREADS 2 · 1 variables for threads not set" in lines


def test_each_status_has_its_glyph_and_its_word():
    for status, glyph in GLYPHS.items():
        remedy = Remedy("x", ("x",))
        first = next(finding_lines([finding(status, remedy=remedy)], 80)).plain
        assert first.startswith(f"{glyph} {'n/a' if status == Status.NOT_APPLICABLE else status}")


def test_only_what_calls_for_action_is_drawn_in_full():
    assert len(list(finding_lines([finding(Status.OK)], 80))) == 1
    drawn = text(finding_lines([WARNING], 80))
    assert "- 3 of 4" in drawn
    assert "To mend: Do this." in drawn
    assert "python -m diagnostics explain MC900" in drawn


def test_the_last_line_says_that_nothing_is_to_mend():
    assert summary_line([finding(Status.OK), finding(Status.UNKNOWN)]) == "Nothing to mend: 1 unknown, 1 ok."
    assert summary_line([WARNING, finding(Status.OK)]) == "To mend: 1 (1 warn, 1 ok)."
    assert summary_line([]) == "Nothing to mend: no checks."


def test_escape_sequences_in_names_do_not_reach_the_terminal():
    facts = {"cpu.model_name": Fact("evil\x1b[31m\x07 [bold]name[/]\u202e", "", "x")}
    drawn = text(machine_lines(facts, 80))
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert "[bold]name[/]" in drawn


def test_every_glyph_has_an_ascii_stand_in():
    assert "".join(GLYPHS.values()).translate(ASCII).isascii()


def test_the_list_has_one_line_a_check_and_the_page_its_docstring():
    checks = find_checks()
    assert len(list(list_lines(checks))) == len(checks)
    assert text(page_lines(checks[0])).endswith(checks[0].page)


def test_an_explanation_draws_the_cause_in_full_and_what_came_along_in_short():
    cause = finding(Status.FAIL, "It broke.", Remedy("Do this.", (COMMAND,)))
    echo = finding(Status.WARN, "It echoed.", Remedy("Nothing.", ("x",)))
    drawn = text(explanation_lines([cause, echo], {"MC900": "The\nmeaning."}, 80))
    assert drawn.startswith("What happened\n✕ fail     MC900  It broke.\n")
    for part in ("| 3 of 4", "The meaning.", "To mend: Do this.", COMMAND.strip(), "How sure: certain."):
        assert part in drawn
    assert drawn.index("Beside it") < drawn.index("It echoed.")
    assert "To mend: Nothing." not in drawn


def test_how_sure_is_not_said_of_what_is_not_known():
    assert "How sure" not in text(explanation_lines([finding(Status.UNKNOWN)], {}, 80))

import pytest

from diagnostics import checks as checks_package
from diagnostics.facts import Fact, as_document, from_document
from diagnostics.findings import Remedy, Status, Verdict, fail, ok, warn
from diagnostics.judge import Check, find_checks, is_readable, judge, judge_one

FACTS = {"a.size_bytes": Fact(5, "bytes", "here"), "a.name": Fact("x", "", "here")}


def check(verdict, needs=("a.size_bytes",), code="MC900"):
    return Check(code, "a-slug", "Bad", needs, verdict)


def test_a_check_gets_the_facts_it_needs_and_only_those():
    seen = []
    judge_one(check(lambda facts: seen.append(dict(facts)) or ok("1")), FACTS)
    assert seen == [{"a.size_bytes": 5}]


def test_a_check_cannot_change_the_facts():
    def meddle(facts):
        facts["a.size_bytes"] = 6

    assert judge_one(check(meddle), FACTS).status == Status.CRASHED
    assert FACTS["a.size_bytes"].value == 5


def test_a_missing_fact_gives_unknown_and_the_check_is_not_run():
    def explode(facts):
        raise AssertionError

    finding = judge_one(check(explode, needs=("a.size_bytes", "b.c")), FACTS)
    assert finding.status == Status.UNKNOWN
    assert finding.evidence == ("b.c: not read",)


def test_an_exception_gives_crashed_with_its_place_and_the_others_still_run():
    findings = judge(FACTS, [check(lambda facts: 1 / 0), check(lambda facts: ok("5 bytes"), code="MC901")])
    assert [finding.status for finding in findings] == [Status.CRASHED, Status.OK]
    assert "ZeroDivisionError" in findings[0].summary
    assert findings[0].evidence[0].startswith("raised at test_judge.py:")


@pytest.mark.parametrize(
    "verdict",
    [
        warn("bad", ("no number",), Remedy("x", ("x",))),
        fail("bad", ("1",), Remedy("x", ())),
        None,
        Verdict("warn", "bad"),
    ],
)
def test_a_verdict_without_number_or_command_is_a_crash_of_the_check(verdict):
    assert judge_one(check(lambda facts: verdict), FACTS).status == Status.CRASHED


def test_findings_come_worst_first():
    remedy = Remedy("x", ("x",))
    verdicts = {"MC901": ok("1"), "MC902": fail("1", ("1",), remedy), "MC903": warn("1", ("1",), remedy)}
    checks = [check(lambda facts, v=verdict: v, code=code) for code, verdict in verdicts.items()]
    assert [finding.code for finding in judge(FACTS, checks)] == ["MC902", "MC903", "MC901"]


def test_no_facts_at_all_leave_every_check_open():
    assert {finding.status for finding in judge({})} == {Status.UNKNOWN}


def test_facts_read_back_from_a_file_give_the_same_findings():
    facts = {key: Fact(value, "", "") for one in find_checks() for key, value in one.fires.items()}
    again = judge(from_document(as_document(facts)))
    assert again == judge(facts)
    assert Status.WARN in {finding.status for finding in again}


@pytest.mark.parametrize("value", [-1, "many", True, float("nan"), float("inf"), [], 1e300])
def test_a_value_that_its_unit_rules_out_counts_as_not_read(value):
    facts = {"a.size_bytes": Fact(value, "bytes", "a file")}
    assert judge_one(check(lambda facts: ok("1")), facts).status == Status.UNKNOWN


@pytest.mark.parametrize(("key", "value"), [("a.size_bytes", None), ("a.size_bytes", 0), ("a.name", "x")])
def test_values_that_may_be(key, value):
    assert is_readable(key, value)


def test_a_check_file_that_cannot_be_loaded_is_a_crashed_finding(tmp_path, monkeypatch):
    (tmp_path / "half_written.py").write_text('CODE = "MC999"\n')
    monkeypatch.setattr(checks_package, "__path__", [*checks_package.__path__, str(tmp_path)])
    finding = judge({}, find_checks())[0]
    assert (finding.slug, finding.status) == ("half-written", Status.CRASHED)
    assert "SLUG" in finding.summary

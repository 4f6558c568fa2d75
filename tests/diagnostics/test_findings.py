import json

import pytest

from diagnostics.findings import Finding, Remedy, Status, fail, not_applicable, ok, warn, worst_first

REMEDY = Remedy("Do it.", ("do --it",))


def finding(status=Status.WARN, code="MC900", evidence=("3 of 4",), remedy=REMEDY):
    return Finding(code, "a-slug", status, "Bad", "It is bad.", evidence, remedy)


@pytest.mark.parametrize("status", [Status.WARN, Status.FAIL])
@pytest.mark.parametrize("evidence", [(), ("no number here",)])
def test_a_finding_without_a_number_is_refused(status, evidence):
    with pytest.raises(ValueError, match="number"):
        finding(status, evidence=evidence)


@pytest.mark.parametrize("remedy", [None, Remedy("Do it.", ()), Remedy("Do it.", ("  ",))])
def test_a_finding_without_a_command_is_refused(remedy):
    with pytest.raises(ValueError, match="command"):
        finding(remedy=remedy)


@pytest.mark.parametrize("status", [Status.OK, Status.UNKNOWN, Status.NOT_APPLICABLE, Status.CRASHED])
def test_what_calls_for_no_action_needs_neither(status):
    assert finding(status, evidence=(), remedy=None).as_dict()["remedy"] is None


def test_the_document_has_the_agreed_shape():
    assert json.loads(json.dumps(finding().as_dict())) == {
        "code": "MC900",
        "slug": "a-slug",
        "status": "warn",
        "title": "Bad",
        "summary": "It is bad.",
        "evidence": ["3 of 4"],
        "remedy": {"text": "Do it.", "commands": ["do --it"]},
        "confidence": "certain",
    }


def test_the_worst_comes_first_and_codes_break_ties():
    statuses = [Status.OK, Status.UNKNOWN, Status.NOT_APPLICABLE, Status.WARN, Status.CRASHED, Status.FAIL]
    findings = [finding(status) for status in statuses] + [finding(Status.FAIL, code="DL900")]
    ordered = [(each.status.value, each.code) for each in worst_first(findings)]
    assert ordered == [
        ("fail", "DL900"),
        ("fail", "MC900"),
        ("crashed", "MC900"),
        ("warn", "MC900"),
        ("unknown", "MC900"),
        ("ok", "MC900"),
        ("not_applicable", "MC900"),
    ]


def test_the_helpers_give_their_status():
    assert ok("1 is fine").status == Status.OK
    assert not_applicable("not here").status == Status.NOT_APPLICABLE
    assert warn("1", ("1",), REMEDY, "likely").confidence == "likely"
    assert fail("1", ("1",), REMEDY).status == Status.FAIL

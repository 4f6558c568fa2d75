import pytest

from diagnostics.findings import Finding, Remedy, Status
from diagnostics.judge import find_checks
from diagnostics.watch.agreeing import agreeing

TIMED = {"slower", "anew", "blocked", "waits"}


def warning(slug, *commands, status=Status.WARN):
    return Finding("DL1", slug, status, slug, f"{slug} by 1", ("1 line",), Remedy("Do.", commands))


NONE = warning("slower", "DataLoader(..., num_workers=0)")
KEPT = warning("anew", "DataLoader(..., persistent_workers=True)")
PASSING = warning("blocked", "DataLoader(..., in_order=False)", "DataLoader(..., prefetch_factor=4)")
MORE = warning("waits", "DataLoader(..., num_workers=8)  # or more", "tune")


def slugs(*findings, timed=TIMED):
    return [one.slug for one in agreeing(findings, timed)]


@pytest.mark.parametrize("later", [KEPT, PASSING, MORE], ids=lambda one: one.slug)
def test_what_needs_workers_is_not_advised_beside_none(later):
    assert slugs(NONE, later) == ["slower"]
    assert "by 1" in agreeing([NONE, later], TIMED)[0].evidence[-1]


def test_none_are_not_advised_beside_what_needs_workers():
    with_more = warning("slower", "DataLoader(..., num_workers=0)", "DataLoader(..., batch_size=None)")
    assert slugs(KEPT, NONE) == slugs(KEPT, with_more) == ["anew"]


def test_advice_that_was_given_already_makes_no_second_finding():
    assert slugs(PASSING, warning("waits", "DataLoader(..., in_order=False)", "tune")) == ["blocked"]


def test_advice_that_goes_together_stays():
    assert slugs(KEPT, PASSING, MORE) == ["anew", "blocked", "waits"]


def test_what_advises_no_setting_stays():
    assert slugs(NONE, warning("waits", "tune")) == ["slower", "waits"]


def test_what_breaks_is_never_withdrawn_and_what_helps_to_debug_it_rules_nothing_out():
    broken = [warning(name, "DataLoader(..., num_workers=0)", status=Status.FAIL) for name in ("a", "b")]
    assert slugs(*broken, KEPT) == ["a", "b", "anew"]


@pytest.mark.parametrize("guess", ["too-many-workers", "too-few-workers", "no-persistent-workers"])
def test_a_logs_guess_at_the_speed_gives_way_to_what_was_measured(guess):
    remark = warning(guess, "DataLoader(..., num_workers=2)")
    assert slugs(remark, MORE) == ["waits"]
    assert slugs(remark, timed=set()) == [guess]
    assert slugs(remark, MORE, timed={guess, "waits"}) != ["waits"]


def test_every_setting_that_a_check_of_runs_warns_with_can_be_read():
    calls = [
        line
        for check in find_checks()
        if check.is_of_run and check.judge(check.fires).status == Status.WARN
        for line in check.judge(check.fires).remedy.commands
        if line.startswith("DataLoader(...")
    ]
    assert len(calls) > 3
    for line in calls:
        assert slugs(warning("a", line), warning("b", line), timed=set()) == ["a"], line

import time

import pytest

from diagnostics.ladder.others import Usage, cores_between, note

BEFORE = Usage(at=10.0, everyone=100.0, own=5.0)


def test_what_is_not_our_own_is_others() -> None:
    assert cores_between(BEFORE, Usage(20.0, 118.0, 13.0)) == pytest.approx(1.0)


def test_on_a_quiet_machine_nothing_is_said() -> None:
    assert note(BEFORE, Usage(20.0, 110.0, 14.0)) == ""


def test_on_a_busy_one_the_number_is_said() -> None:
    assert "used 1.2 processors" in note(BEFORE, Usage(20.0, 120.0, 13.0))


def test_clocks_that_disagree_by_a_tick_are_no_negative_use() -> None:
    assert cores_between(BEFORE, Usage(20.0, 108.0, 13.5)) == 0.0


def test_our_own_work_is_counted_as_ours() -> None:
    before, until = Usage.now(), time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert Usage.now().own - before.own >= 0.15

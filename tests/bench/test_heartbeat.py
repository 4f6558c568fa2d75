import threading
from typing import Any

import pytest

from bench import heartbeat


def test_work_that_cannot_beat_itself_is_kept_from_counting_as_hung(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = threading.Semaphore(0)
    monkeypatch.setattr(heartbeat, "LISTENERS", [heard.release])
    with heartbeat.kept_up(1000.0, every_seconds=0.001):
        assert heard.acquire(timeout=30)
        assert heard.acquire(timeout=30)


def test_work_that_never_ends_is_not_kept_up_for_ever_and_no_thread_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[int] = []
    monkeypatch.setattr(heartbeat, "LISTENERS", [lambda: heard.append(1)])
    before = threading.active_count()
    with heartbeat.kept_up(0.003, every_seconds=0.001):
        [keeper] = [one for one in threading.enumerate() if one.name.endswith("(keep)")]
        keeper.join(30)
    assert len(heard) == 3
    assert threading.active_count() == before


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def look(self, seconds: float) -> float:
        """A look that takes so long."""
        self.now += seconds
        return self.now


def test_work_is_looked_at_after_a_second_and_then_for_a_quarter_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, seen = Clock(), list[Any]()
    monkeypatch.setattr(heartbeat, "KEEPERS", [heartbeat.Keeper(seen.append, clock)])
    for _ in range(400):
        clock.now += 0.125
        heartbeat.offer(lambda: clock.look(0.5))
    assert seen[0] == 1.5
    assert 0.2 < 0.5 * len(seen) / clock.now <= 0.25


def test_work_that_nobody_keeps_is_not_looked_at() -> None:
    heartbeat.offer(lambda: pytest.fail("looked"))

import threading

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

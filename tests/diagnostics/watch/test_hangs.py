import pytest

from diagnostics.watch import hangs
from diagnostics.watch.hangs import HangWatch
from tests.diagnostics.watch.made import SECOND, main, use, worker

TWO = {"num_workers": 2}


@pytest.fixture
def watch(monkeypatch, tmp_path):
    monkeypatch.setattr(hangs, "read_stacks", lambda records: [])
    return HangWatch(tmp_path, 60.0)


def waiting(batches=5, arguments=TWO):
    return main(use(arguments, waiting_since=1 * SECOND, batches=batches))


def stuck(position=0, **parts):
    return [worker(0, stage="idle"), worker(1, stage="fetching", indices=(4, 5), position=position, **parts)]


def looks(watch, *scenes):
    return [watch.look(records, now * SECOND) for now, records in scenes]


def test_a_reader_that_waits_while_nothing_moves_hangs_and_is_told_once(watch):
    scene = [waiting(), *stuck()]
    early, late, again = looks(watch, (2, scene), (63, scene), (90, scene))
    assert (early, again) == (None, None)
    assert late.stuck.worker == 1
    assert late.seconds == pytest.approx(61)


def test_a_slow_worker_that_comes_from_sample_to_sample_does_not_hang(watch):
    scenes = [(now, [waiting(), *stuck(position=now)]) for now in range(2, 300, 30)]
    assert looks(watch, *scenes) == [None] * len(scenes)


def test_a_reader_at_its_own_work_does_not_hang(watch):
    scene = [main(use(TWO, waiting_since=0, batches=5)), *stuck()]
    assert looks(watch, (2, scene), (500, scene)) == [None, None]


def test_workers_that_start_get_five_times_as_long(watch):
    scene = [waiting(batches=0)]
    assert looks(watch, (2, scene), (250, scene))[1] is None
    assert watch.look(scene, 303 * SECOND) is not None


def test_a_batch_that_was_not_sent_is_waited_for_five_seconds_only(watch):
    lost = [{"event": "unsent", "at": 0}]
    scene = [waiting(), *stuck(events=lost)]
    assert looks(watch, (2, scene), (6, scene))[1] is None
    assert watch.look(scene, 8 * SECOND) is not None


def test_a_reader_that_stands_still_is_known_before_it_is_told_as_it_may_be_interrupted(watch):
    scene = [waiting(), *stuck()]
    assert looks(watch, (2, scene), (14, scene)) == [None, None]
    assert watch.standing.stuck.worker == 1
    looks(watch, (15, [waiting(batches=6), *stuck(position=1)]))
    assert watch.standing is None


def test_without_workers_the_reader_itself_is_stuck(watch):
    alone = main(use({"num_workers": 0}, waiting_since=SECOND), stage="fetching", indices=(4, 5), position=1)
    hang = looks(watch, (2, [alone]), (63, [alone]))[1]
    assert hang.stuck is alone
    assert hang.stuck.samples == (5,)

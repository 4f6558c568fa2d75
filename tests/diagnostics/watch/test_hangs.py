import itertools

import pytest

from diagnostics.watch import hangs
from diagnostics.watch.hangs import HangWatch
from diagnostics.watch.stillness import Usage
from tests.diagnostics.watch.made import SECOND, main, use, worker

TWO = {"num_workers": 2}
STOOD = [main(use({"num_workers": 1}, batches=5)), worker(0, stage="idle")]


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """Return the processes whose stacks were asked for."""
    pids = []
    monkeypatch.setattr(hangs, "read_stacks", lambda records: pids.extend(one.pid for one in records) or [])
    return pids


@pytest.fixture
def watch():
    """Return one that looks at a program that computes."""
    computed = itertools.count()
    return HangWatch(60.0, lambda mains: Usage(float(next(computed)), 7))


def waiting(batches=5, arguments=TWO):
    return main(use(arguments, waiting_since=1 * SECOND, batches=batches))


def stuck(position=0, **parts):
    return [worker(0, stage="idle"), worker(1, stage="fetching", indices=(4, 5), position=position, **parts)]


def looks(watch, *scenes):
    """Return what is told up to each scene; the one before it is looked at every five seconds until then."""
    told, before, since = [], [], scenes[0][0]
    for now, records in scenes:
        found = [watch.look(before, between * SECOND) for between in range(since + 5, now, 5)]
        found.append(watch.look(records, now * SECOND))
        told.append(next(filter(None, found), None))
        before, since = records, now
    return told


def uses(*moments, after=60.0):
    """Return what is told at each moment: (second, records, seconds of CPU, bytes)."""
    used = {}
    watch = HangWatch(after, lambda mains: used["now"])
    told = []
    for now, records, cpu_seconds, num_bytes in moments:
        used["now"] = Usage(cpu_seconds, num_bytes)
        told.append(watch.look(records, (1000 + now) * SECOND))
    return told


def test_a_reader_that_waits_while_nothing_moves_hangs_and_is_told_once(watch):
    scene = [waiting(), *stuck()]
    early, late, again = looks(watch, (2, scene), (63, scene), (90, scene))
    assert (early, again) == (None, None)
    assert late.stuck.worker == 1
    assert late.seconds == pytest.approx(60)


def test_the_stacks_of_what_is_told_are_read_those_that_are_stuck_first(watch, asked):
    looks(watch, (2, [waiting(), *stuck()]), (63, [waiting(), *stuck()]))
    assert asked == [201, 100, 200]


def test_a_slow_worker_that_comes_from_sample_to_sample_does_not_hang(watch):
    scenes = [(now, [waiting(), *stuck(position=now)]) for now in range(2, 300, 30)]
    assert looks(watch, *scenes) == [None] * len(scenes)


def test_a_reader_at_its_own_work_does_not_hang(watch):
    scene = [main(use(TWO, waiting_since=0, batches=5)), *stuck()]
    assert looks(watch, (2, scene), (500, scene)) == [None, None]


def test_workers_that_start_get_five_times_as_long(watch):
    scene = [waiting(batches=0)]
    _, early, late = looks(watch, (2, scene), (250, scene), (303, scene))
    assert (early, late.is_told) == (None, True)


def test_a_batch_that_was_not_sent_is_waited_for_five_seconds_only(watch):
    lost = [{"event": "unsent", "at": 0}]
    scene = [waiting(), *stuck(events=lost)]
    assert looks(watch, (2, scene), (5, scene))[1] is None
    assert watch.look(scene, 8 * SECOND) is not None


def test_a_reader_that_stands_still_is_known_before_it_is_told_as_it_may_be_interrupted(watch):
    scene = [waiting(), *stuck()]
    assert looks(watch, (2, scene), (14, scene)) == [None, None]
    assert watch.standing.stuck.worker == 1
    watch.look([waiting(batches=6), *stuck(position=1)], 15 * SECOND)
    assert watch.standing is None


def test_without_workers_the_reader_itself_is_stuck(watch):
    alone = main(use({"num_workers": 0}, waiting_since=SECOND), stage="fetching", indices=(4, 5), position=1)
    hang = looks(watch, (2, [alone]), (63, [alone]))[1]
    assert hang.stuck is alone
    assert hang.stuck.samples == (5,)


def test_what_gets_on_after_it_was_told_no_longer_hangs(watch):
    scene = [waiting(), *stuck()]
    assert looks(watch, (2, scene), (63, scene))[1].is_told
    assert watch.standing.is_told
    watch.look([waiting(batches=6), *stuck(position=1)], 70 * SECOND)
    assert watch.standing is None


def test_of_several_ranks_that_hang_one_is_told(watch):
    ranks = [main(use(TWO, waiting_since=SECOND, batches=5), pid=pid) for pid in (100, 101, 102)]
    scenes = [(now, [*ranks, *stuck()]) for now in range(2, 200, 10)]
    assert sum(one is not None for one in looks(watch, *scenes)) == 1


def test_a_program_that_does_nothing_is_told_once_with_its_readers():
    told = uses(*((now, STOOD, 1.0, 7) for now in range(0, 120, 6)))
    assert [number for number, one in enumerate(told) if one] == [10]
    assert (told[10].loader, told[10].mains) == (None, (STOOD[0],))
    assert told[10].seconds == pytest.approx(60)


@pytest.mark.parametrize("records", [STOOD, [waiting(), *stuck()]], ids=["outside", "in a loader"])
def test_who_was_stopped_meanwhile_has_not_seen_whether_it_stood(records):
    assert uses(*((now, records, 1.0, 7) for now in (0, 6, 12, 500, 506))) == [None] * 5


def test_one_that_wakes_up_now_and_then_does_nothing_all_the_same():
    assert any(uses(*((now, STOOD, 1.0 + 0.001 * now, 7) for now in range(0, 70, 6))))


@pytest.mark.parametrize(
    ("records", "cpu_share", "bytes_a_second"),
    [
        (STOOD, 0.5, 0),  # it computes
        (STOOD, 0.0, 1),  # it reads or writes
        ([main()], 0.5, 0),  # it has no loader yet
        ([], 0.0, 0),
    ],
)
def test_what_moves_does_not_stand_still(records, cpu_share, bytes_a_second):
    moments = [(now, records, cpu_share * now, bytes_a_second * now) for now in range(0, 300, 6)]
    assert set(uses(*moments)) == {None}


def test_a_program_that_stands_still_before_its_first_batch_is_told_and_not_what_launched_it(asked):
    launched = [main(pid=100), main(pid=101, parent=100), main(pid=102, parent=100)]
    (told,) = filter(None, uses(*((now, launched, 1.0, 7) for now in range(0, 120, 6))))
    assert (told.loader, asked) == (None, [101, 102])


def test_a_batch_that_is_asked_for_is_a_loaders_matter():
    told = uses(*((now, [waiting(), *stuck()], 1.0, 7) for now in range(0, 300, 6)))
    assert [one.loader is not None for one in told if one] == [True]


def test_a_wait_that_is_over_is_no_standstill():
    waits, ends = [waiting(), *stuck()], [main(use(TWO, batches=5)), *stuck()]
    moments = [(now, waits, 0.0, 7) for now in range(0, 60, 5)]
    assert uses(*moments, (61, ends, 0.0, 7))[-1] is None


def test_batches_that_come_are_progress():
    moments = [
        (now, [main(use({"num_workers": 1}, batches=now)), worker(0)], 1.0, 7) for now in range(0, 300, 6)
    ]
    assert set(uses(*moments)) == {None}


def test_all_processes_are_looked_at_a_few_times_only():
    looked = []
    watch = HangWatch(60.0, lambda mains: looked.append(1) or Usage(1.0, 7))
    for half_seconds in range(240):
        watch.look(STOOD, (1000 * SECOND) + half_seconds * SECOND // 2)
    assert len(looked) <= 21

import pytest

from diagnostics.watch import standstills
from diagnostics.watch.stacks import Stack, main_thread
from diagnostics.watch.standstills import StandstillWatch, Usage
from tests.diagnostics.watch.made import SECOND, main, use, worker

DUMP = (
    'Thread 0x01 (most recent call first):\n  File "/usr/lib/python3.11/threading.py", line 327 in wait\n\n'
    'Thread 0x02 (most recent call first):\n  File "/usr/lib/python3.11/queue.py", line 171 in get\n'
    '  File "/home/user/train.py", line 12 in step\n  File "/home/user/train.py", line 30 in <module>\n'
)
STOOD = [main(use({"num_workers": 1}, batches=5)), worker(0, stage="idle")]


@pytest.fixture(autouse=True)
def stacks(monkeypatch):
    monkeypatch.setattr(
        standstills,
        "read_stacks",
        lambda records: [Stack(one.pid, DUMP, "train.py:12 in step") for one in records],
    )


def looks(*scenes, after=60.0):
    """Return what is told at each moment: (second, records, seconds of CPU, bytes)."""
    used = {}
    watch = StandstillWatch(after, lambda mains: used["now"])
    told = []
    for now, records, cpu_seconds, num_bytes in scenes:
        used["now"] = Usage(cpu_seconds, num_bytes)
        told.append(watch.look(records, (1000 + now) * SECOND))
    return told


def test_a_program_that_does_nothing_is_told_once_with_its_place():
    told = looks(*((now, STOOD, 1.0, 7) for now in range(0, 120, 6)))
    assert [number for number, one in enumerate(told) if one] == [10]
    assert (told[10].place, told[10].seconds) == ("train.py:12 in step", pytest.approx(60))


def test_who_was_stopped_meanwhile_has_not_seen_whether_it_stood():
    assert looks(*((now, STOOD, 1.0, 7) for now in (0, 6, 12, 500, 506))) == [None] * 5


def test_one_that_wakes_up_now_and_then_does_nothing_all_the_same():
    assert any(looks(*((now, STOOD, 1.0 + 0.001 * now, 7) for now in range(0, 70, 6))))


@pytest.mark.parametrize(
    ("records", "cpu_share", "bytes_a_second"),
    [
        (STOOD, 0.5, 0),  # it computes
        (STOOD, 0.0, 1),  # it reads or writes
        ([main(use({"num_workers": 1}, batches=5, waiting_since=1)), worker(0)], 0.0, 0),  # a loader's matter
        ([main()], 0.0, 0),  # it has no loader
        ([], 0.0, 0),
    ],
)
def test_what_moves_or_waits_for_a_loader_is_no_standstill(records, cpu_share, bytes_a_second):
    scenes = [(now, records, cpu_share * now, bytes_a_second * now) for now in range(0, 300, 6)]
    assert set(looks(*scenes)) == {None}


def test_batches_that_come_are_progress():
    scenes = [
        (now, [main(use({"num_workers": 1}, batches=now)), worker(0)], 1.0, 7) for now in range(0, 300, 6)
    ]
    assert set(looks(*scenes)) == {None}


def test_what_moves_again_and_stands_again_is_known_as_the_first():
    told = looks(*((now, STOOD, 1.0 if now < 80 else 9.0, 7) for now in range(0, 160, 6)))
    first, second = (one for one in told if one)
    assert second is first


def test_all_processes_are_looked_at_a_few_times_only():
    asked = []
    watch = StandstillWatch(60.0, lambda mains: asked.append(1) or Usage(1.0, 7))
    for half_seconds in range(240):
        watch.look(STOOD, (1000 * SECOND) + half_seconds * SECOND // 2)
    assert len(asked) <= 21


def test_the_main_threads_frames_make_one_line():
    assert main_thread(DUMP) == "queue.py:171 in get < train.py:12 in step < train.py:30 in <module>"

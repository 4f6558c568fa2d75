import pytest

from diagnostics.checks import memory_growth
from diagnostics.findings import Status
from diagnostics.watch.hangs import Hang
from diagnostics.watch.incidents import find_incidents
from diagnostics.watch.observing import Observed
from diagnostics.watch.resources import Growth
from diagnostics.watch.run_facts import run_facts
from diagnostics.watch.stacks import Frame, Stack
from tests.diagnostics.watch.made import main, use, worker


def facts(*records, **parts):
    observed = Observed(records=list(records), **parts)
    found = run_facts(observed, find_incidents(observed))
    return {key.removeprefix("run."): fact.value for key, fact in found.items()}


def drawing(number, state, is_drawn=True, after="z"):
    states = {"dataset.rng": [state, is_drawn, "random.Random", after]}
    return worker(number, events=[{"event": "random", "at": 1, "states": states}])


def streaming(number, *digests, distinct=16):
    parts = {"event": "content", "at": 1, "samples": 16, "distinct": distinct}
    return worker(number, events=[{**parts, "digest": digest} for digest in digests])


def exhausted(number, samples, share=1.0, times=1):
    parts = {"event": "stream", "at": 1, "is_whole": True, "seen": len(samples) * times, "share": share}
    return worker(number, events=[{**parts, "samples": dict.fromkeys(samples, times)}])


def died(**codes):
    return main(
        events=[{"event": "died", "at": 5, "codes": {name[1:]: code for name, code in codes.items()}}]
    )


def test_generators_in_the_same_state_that_are_drawn_from_are_named():
    found = facts(drawing(0, "a"), drawing(1, "a"), drawing(2, "b"))
    assert (found["equal_random_names"], found["equal_random_workers_count"]) == (["dataset.rng"], 2)


@pytest.mark.parametrize(
    "workers",
    [
        [drawing(0, "a"), drawing(1, "b")],
        [drawing(0, "a", False, "a"), drawing(1, "a", False, "a")],
        [drawing(0, "a", False, "y"), drawing(1, "a", False, "z")],
        [drawing(0, "a", True, "y"), drawing(1, "a", False, "z")],
        [drawing(0, "a")],
        [drawing(0, "a"), worker(1, base_seed=9, events=drawing(1, "a").events)],
    ],
    ids=[
        "other states",
        "never drawn from",
        "seeded anew",
        "seeded anew, once as before",
        "one worker",
        "another epoch's worker",
    ],
)
def test_other_generators_are_no_repetition(workers):
    assert facts(*workers)["equal_random_names"] == []


def test_generators_that_come_to_the_same_end_repeat_one_another_however_they_came_there():
    assert facts(drawing(0, "a", False), drawing(1, "a", False))["equal_random_workers_count"] == 2


def test_workers_that_yield_the_same_stream_are_counted():
    assert facts(streaming(0, "a", "b"), streaming(1, "a", "b"))["equal_stream_workers_count"] == 2


def test_workers_that_were_seen_for_longer_and_shorter_are_compared_as_far_as_both_were_seen():
    assert facts(streaming(0, "a", "b", "c"), streaming(1, "a", "b"))["equal_stream_workers_count"] == 2


@pytest.mark.parametrize(
    ("workers", "distinct"),
    [([("a", "b"), ("c", "d")], 16), ([("a", "a"), ("a", "a")], 1), ([("a", "b"), ("a", "b")], 12)],
    ids=["divided", "constant samples", "few values"],
)
def test_divided_streams_and_constant_ones_are_no_repetition(workers, distinct):
    streams = [streaming(number, *digests, distinct=distinct) for number, digests in enumerate(workers)]
    assert facts(*streams)["equal_stream_workers_count"] == 0


def numbered(first, last):
    return [f"{number:012x}" for number in range(first, last)]


def test_workers_that_give_the_same_samples_in_another_order_are_counted():
    found = facts(*(exhausted(number, numbered(0, 90)) for number in range(3)))
    assert found["equal_stream_workers_count"] == 3
    assert (found["common_samples_count"], found["compared_samples_count"]) == (90, 90)


def test_workers_of_which_a_part_of_the_batches_was_looked_at_are_compared_by_that_part():
    seen = [exhausted(0, numbered(0, 64), 0.25), exhausted(1, numbered(48, 112), 0.25)]
    assert facts(*seen)["equal_stream_workers_count"] == 2


@pytest.mark.parametrize(
    "workers",
    [
        [exhausted(0, numbered(0, 60)), exhausted(1, numbered(60, 120))],
        [exhausted(0, numbered(0, 60)), exhausted(1, numbered(30, 90))],
        [exhausted(0, numbered(0, 20), times=5), exhausted(1, numbered(0, 20), times=5)],
        [exhausted(0, numbered(0, 5)), exhausted(1, numbered(0, 5))],
    ],
    ids=["divided", "half of it shared", "the same values again and again", "too few to tell"],
)
def test_samples_that_repeat_within_a_worker_or_come_from_one_alone_are_no_repetition(workers):
    assert facts(*workers)["equal_stream_workers_count"] == 0


def test_a_stream_whose_length_was_wrong_is_told_by_its_batches():
    wrong = [{"event": "length", "at": 3, "batches": 20, "expected": 40, "samples": 400}]
    found = facts(main(events=wrong))
    assert (found["stream_batches_seen_count"], found["stream_batches_expected_count"]) == (20, 40)


@pytest.mark.parametrize(("seconds", "num_workers"), [(["dataset.file"], 2), (["dataset.log"], 0), ([], 0)])
def test_a_file_that_moves_in_one_worker_only_is_not_shared(seconds, num_workers):
    moved = [
        [{"event": "moved", "at": 1, "name": name} for name in names] for names in (["dataset.file"], seconds)
    ]
    found = facts(*(worker(number, events=events) for number, events in enumerate(moved)))
    assert found["shared_handle_workers_count"] == num_workers
    assert (found["shared_handle_name"] == "dataset.file") == bool(num_workers)


def lacking(line, key):
    trace = (
        f'Traceback (most recent call last):\n  File "train.py", line 3, in f\n    {line}\nKeyError: {key}\n'
    )
    return {"error": "KeyError", "traceback": trace}


@pytest.mark.parametrize(
    ("raised", "num_misread"),
    [
        ({"error": "UnicodeDecodeError"}, 1),
        ({"error": "struct.error"}, 1),
        ({"error": "OutOfMemoryError"}, 0),
        (lacking("return CLASSES[name]", "'\\x00cat'"), 1),
        (lacking('return row["label"]', "'label'"), 0),
        (lacking("return row['label']", "'label'"), 0),
    ],
)
def test_what_data_read_at_the_wrong_place_cannot_raise_is_no_sign_of_a_shared_file(raised, num_misread):
    event = {"event": "raised", "at": 1, "batch": 0, "indices": [0], "samples": [0], "stage": "fetching"}
    event |= {"traceback": "", "resources": {}} | raised
    found = facts(main(), worker(0, events=[event]))
    assert found["misread_samples_count"] == num_misread


def test_the_death_that_counts_is_not_the_one_by_which_others_are_cleared_away():
    found = facts(died(_200=-15, _201=-9), worker(0), worker(1))
    assert (found["deaths_count"], found["death_signal_name"]) == (2, "SIGKILL")


def test_an_exit_has_a_code_and_no_signal():
    found = facts(died(_201=7), worker(1))
    assert (found["death_exit_code"], found["death_signal_name"]) == (7, None)


def test_the_shortest_cut_epoch_is_told():
    cut = [{"event": "truncated", "at": 1, "batches": batches, "expected": 10} for batches in (7, 3)]
    found = facts(main(events=cut))
    assert (found["epoch_batches_seen_count"], found["epoch_batches_expected_count"]) == (3, 10)


RECEIVING = Stack(
    100, ((Frame("/lib/python3.11/selectors.py", 415, "select"), Frame("/x/d.py", 9, "_try_get_data")),)
)
DRAWING = Stack(100, ((Frame("/home/user/samplers.py", 20, "draw"), Frame("/x/d.py", 9, "__next__")),))


@pytest.mark.parametrize(
    ("num_workers", "stacks", "is_of_worker"),
    [(2, (RECEIVING,), True), (2, (DRAWING,), False), (0, (DRAWING,), False), (2, (), True)],
    ids=["a worker", "a sampler", "no workers", "no stack answered"],
)
def test_a_hang_is_of_a_worker_unless_the_reader_is_at_work_itself(num_workers, stacks, is_of_worker):
    reader = main(use({"num_workers": num_workers, "start_method": "fork"}))
    hang = Hang(reader, reader.loaders[0], seconds=61.0, mains=(reader,), is_told=True, stacks=stacks)
    found = facts(reader, hang=hang)
    assert (found["hang_seconds"], found["hang_is_of_worker"]) == (61.0, is_of_worker)


def test_the_container_that_grew_most_is_told():
    grown = [
        {"event": "grown", "at": 1, "name": name, "kind": "dict", "first": 2, "last": last}
        for name, last in [("dataset.a", 40), ("dataset.b", 90)]
    ]
    found = facts(main(), worker(0, events=grown[:1]), worker(1, events=grown))
    assert (found["grown_name"], found["grown_first_count"], found["grown_last_count"]) == (
        "dataset.b",
        2,
        90,
    )
    assert facts(main(), worker(0))["grown_name"] is None


def test_memory_is_late_by_time_and_not_by_the_number_of_readings_which_become_rarer():
    growth = Growth([0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 12.0, 16.0], [10, 20, 21, 22, 24, 40, 80, 120, 160])
    found = facts(worker(0), growths={200: growth})
    assert [found[f"uss_{when}_bytes"] for when in ("first", "late", "last")] == [20, 120, 160]


@pytest.mark.parametrize(
    ("late", "seconds", "grown", "is_told"),
    [(300, 20.0, None, True), (390, 20.0, None, False), (300, 1.0, None, False), (300, 1.0, "memo", True)],
)
def test_what_a_worker_takes_up_at_its_start_is_no_growth(late, seconds, grown, is_told):
    sizes = {"first": 100 << 20, "late": late << 20, "last": 410 << 20}
    needed = dict.fromkeys(memory_growth.NEEDS) | {
        f"run.uss_{when}_bytes": one for when, one in sizes.items()
    }
    verdict = memory_growth.judge({**needed, "run.uss_seconds": seconds, "run.grown_name": grown})
    assert (verdict.status == Status.WARN) == is_told


@pytest.mark.parametrize("readings", [(1, 10, 20, 30), (1, 10, 14, 18, 22, 26, 30)])
def test_memory_is_read_from_the_second_reading_late_and_at_the_end(readings):
    growth = Growth(list(map(float, range(len(readings)))), list(readings))
    found = facts(main(), worker(0), growths={200: growth})
    assert (found["uss_first_bytes"], found["uss_last_bytes"]) == (10, 30)
    assert 10 < found["uss_late_bytes"] < 30

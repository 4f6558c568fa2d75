import pytest

from diagnostics.watch.incidents import find_incidents
from diagnostics.watch.observing import Observed
from diagnostics.watch.run_facts import run_facts
from tests.diagnostics.watch.made import main, worker


def facts(*records, **parts):
    observed = Observed(records=list(records), **parts)
    found = run_facts(observed, find_incidents(observed))
    return {key.removeprefix("run."): fact.value for key, fact in found.items()}


def drawing(number, state, is_drawn=True):
    return worker(number, events=[{"event": "random", "at": 1, "states": {"self.rng": [state, is_drawn]}}])


def streaming(number, *digests):
    return worker(number, events=[{"event": "content", "at": 1, "digest": digest} for digest in digests])


def died(**codes):
    return main(
        events=[{"event": "died", "at": 5, "codes": {name[1:]: code for name, code in codes.items()}}]
    )


def test_generators_in_the_same_state_that_are_drawn_from_are_named():
    found = facts(drawing(0, "a"), drawing(1, "a"), drawing(2, "b"))
    assert (found["equal_random_names"], found["equal_random_workers_count"]) == (["self.rng"], 2)


@pytest.mark.parametrize(
    "workers",
    [
        [drawing(0, "a"), drawing(1, "b")],
        [drawing(0, "a", False), drawing(1, "a", False)],
        [drawing(0, "a")],
        [drawing(0, "a"), worker(1, base_seed=9, events=drawing(1, "a").events)],
    ],
    ids=["other states", "never drawn from", "one worker", "another epoch's worker"],
)
def test_other_generators_are_no_repetition(workers):
    assert facts(*workers)["equal_random_names"] == []


def test_workers_that_yield_the_same_stream_are_counted():
    assert facts(streaming(0, "a", "b"), streaming(1, "a", "b"))["equal_stream_workers_count"] == 2


@pytest.mark.parametrize(
    "workers", [[("a", "b"), ("c", "d")], [("a", "a"), ("a", "a")]], ids=["divided", "all batches alike"]
)
def test_divided_streams_and_constant_ones_are_no_repetition(workers):
    found = facts(*(streaming(number, *digests) for number, digests in enumerate(workers)))
    assert found["equal_stream_workers_count"] == 0


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

from itertools import pairwise

import pytest

US, MS = 1_000, 1_000_000


def looked_at(pace, each_ns, num_batches):
    """Take batches at an even pace, look at those that are due, and return their numbers."""
    first, now, seen = pace.number, pace.at, []
    for number in range(first + 1, first + num_batches + 1):
        now += each_ns
        if number >= pace.close:
            pace.look(number, now)
            seen.append(number)
    return seen


def test_the_first_batches_of_a_process_are_all_looked_at(probe):
    probe.STATE.view[probe.P_BATCHES] = probe.CLOSE_FIRST - 1
    assert looked_at(probe.Pace(0), 10 * US, 50) == list(range(1, 51))


def test_a_slow_loop_is_looked_at_batch_by_batch(probe):
    assert looked_at(probe.Pace(0), 25 * MS, 50) == list(range(1, 51))


@pytest.mark.parametrize("each_ns", [30 * US, 300 * US, 3 * MS])
def test_looks_at_quick_loops_are_as_far_apart_in_time(probe, each_ns):
    pace = probe.Pace(0)
    numbers = looked_at(pace, each_ns, 5_000)
    gaps = [(b - a) * each_ns for a, b in pairwise(numbers[2:])]
    assert min(gaps) >= probe.CLOSE_EVERY_NS
    assert max(gaps) <= probe.CLOSE_EVERY_NS + 2 * each_ns


def test_a_loop_that_becomes_slow_is_looked_at_closely_again(probe):
    pace = probe.Pace(0)
    looked_at(pace, 50 * US, 5_000)
    assert len(looked_at(pace, 40 * MS, 1_500)) > 700

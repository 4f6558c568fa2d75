from time import process_time, thread_time

import pytest

from diagnostics.ladder.climbing import is_threaded


@pytest.mark.parametrize(("own_seconds", "expected"), [(1e-3, False), (0.5e-3, True)])
def test_threads_show_in_processor_time_that_is_not_the_own_threads(
    own_seconds: float, expected: bool
) -> None:
    assert is_threaded({"cpu": [1e-3] * 50, "own_cpu": 50 * own_seconds}) is expected


def test_reading_the_clocks_around_samples_that_take_nothing_is_no_thread() -> None:
    cpu, own = [], 0.0
    for _ in range(2000):
        started, started_own = process_time(), thread_time()
        own += thread_time() - started_own
        cpu.append(process_time() - started)
    assert not is_threaded({"cpu": cpu, "own_cpu": own})

from dataclasses import replace

import pytest

from diagnostics.ladder.bounds import judge
from diagnostics.ladder.evidence import Evidence

BATCH = 10
QUIET = Evidence(
    wall=[0.002] * 100,
    cpu=[0.002] * 100,
    batch_size=BATCH,
    sample_bytes=100.0,
    copy_seconds=1e-6,
    collate=1e-4,
    num_workers=2,
    measured=0.0105,
    crossing=3e-4,
    busy_crossing=4e-4,
    usable_cores=2.0,
    counted_cores=2,
    loading=0.0105,
)


def bound(**changes):
    return judge(replace(QUIET, **changes)).bound


def test_samples_on_the_processor_are_bound_by_it():
    assert bound() == "cpu"


def test_samples_that_sleep_are_bound_by_waiting():
    assert bound(cpu=[1e-5] * 100) == "wait"


def test_large_samples_that_only_copy_are_bound_by_copying():
    assert bound(sample_bytes=6e5, copy_seconds=0.001, num_workers=0, measured=0.02) == "copy"


def test_collating_is_work_or_waiting_or_copying_as_samples_are():
    light = {"wall": [2e-6] * 100, "cpu": [2e-6] * 100, "measured": 0.01}
    assert bound(**light, collate=0.02) == "cpu"
    assert bound(**light, collate=1e-4, collate_wait=0.02) == "wait"
    assert bound(**light, collate=0.02, sample_bytes=6e5, copy_seconds=0.001) == "copy"


def test_trivial_samples_with_workers_are_bound_by_crossing_and_without_by_nothing():
    trivial = {"wall": [2e-6] * 100, "cpu": [2e-6] * 100, "collate": 1e-5}
    assert bound(**trivial, measured=3e-4) == "crossing"
    assert bound(**trivial, measured=3e-5, num_workers=0, crossing=0.0, busy_crossing=0.0) == "none"


def test_a_few_slow_samples_are_skew_and_many_are_not():
    wall = [0.0003] * 100
    few = [0.08 if at in {5, 66} else one for at, one in enumerate(wall)]
    assert bound(wall=few, cpu=[0.0003] * 100, measured=0.02) == "skew"
    half = [0.08 if at % 2 else 0.0003 for at in range(100)]
    assert bound(wall=half, cpu=[0.0003] * 100, measured=0.2) == "wait"


def test_order_makes_slow_samples_dearer():
    wall = [0.08 if at % 61 == 5 else 0.0003 for at in range(610)]
    cpu = [0.0003] * 610
    ordered, unordered = (
        next(
            s.gain
            for s in judge(replace(QUIET, wall=wall, cpu=cpu, num_workers=4, in_order=o)).stages
            if s.name == "skew"
        )
        for o in (True, False)
    )
    assert ordered > 1.2 * unordered


def test_workers_that_start_for_every_short_epoch_are_bound_by_starting():
    assert bound(start=5.0, num_batches=10) == "startup"
    assert bound(start=5.0, num_batches=100_000) == "cpu"
    assert bound(start=5.0, num_batches=None) == "cpu"


def test_a_copier_beside_it_slows_only_what_memory_bounds():
    assert bound(memory_slowdown=1.8) == "memory_bandwidth"
    assert bound(memory_slowdown=1.1) == "cpu"
    assert bound(memory_slowdown=1.8, cpu=[1e-5] * 100) == "wait"


def test_more_threads_than_processors_come_before_the_work_that_they_slow():
    assert bound(one_thread_gain=2.0) == "threads"
    assert bound(one_thread_gain=1.05) == "cpu"


def test_samples_that_wait_longer_the_more_workers_there_are_wait_for_each_other():
    waiting = {"wall": [0.002] * 100, "cpu": [1e-5] * 100, "measured": 0.0203, "loading": 0.0203}
    assert bound(**waiting, queueing=0.019) == "queueing"
    assert bound(**waiting, queueing=0.003) == "wait"


def test_drawing_indices_is_the_bound_with_workers_and_without():
    light = {"wall": [2e-6] * 100, "cpu": [2e-6] * 100, "collate": 1e-5, "measured": 0.0104}
    assert bound(**light, sampler=0.01) == "sampler"
    assert bound(**light, sampler=0.01, num_workers=0, crossing=0.0, busy_crossing=0.0) == "sampler"
    assert bound(sampler=1e-5) == "cpu"


def test_a_quota_counts_only_where_it_stops_the_processes():
    assert bound(quota_cores=1.0, throttled=0.4, usable_cores=1.0) == "quota"
    assert bound(quota_cores=1.0, throttled=0.0) == "cpu"
    assert bound(quota_cores=8.0, throttled=0.4) == "cpu"


def test_pinning_that_costs_more_than_loading_is_the_bound():
    assert bound(pin_seconds=0.5, is_pinned=True, measured=0.5) == "pin"


def test_pinning_has_a_thread_of_its_own_beside_the_step():
    pinned = {"pin_seconds": 0.03, "is_pinned": True}
    found = judge(replace(QUIET, **pinned, step=0.02, measured=0.0303, loading=0.0303))
    assert found.bound == "pin"
    assert found.gain == pytest.approx(0.0303 / 0.02)


@pytest.mark.parametrize(
    ("step", "loading", "expected"), [(0.1, 0.01, "consumer"), (0.02, 0.01, "none"), (0.005, 0.0105, "cpu")]
)
def test_the_step_is_the_bound_where_it_hides_loading_many_times_over(step, loading, expected):
    assert bound(step=step, loading=loading, measured=max(step, 0.0105)) == expected


def test_gains_are_sorted_and_never_below_one():
    stages = judge(replace(QUIET, step=0.005)).stages
    gains = [stage.gain for stage in stages if stage.name != "consumer"]
    assert gains == sorted(gains, reverse=True)
    assert min(gains) >= 1 - 1e-9


def test_a_loader_that_no_stage_would_speed_up_leaves_the_step_as_the_bound():
    quick = {"wall": [1e-6] * 100, "cpu": [1e-6] * 100, "collate": 1e-5, "num_workers": 0}
    assert (
        bound(**quick, crossing=0.0, busy_crossing=0.0, step=0.005, loading=2e-5, measured=0.0054)
        == "consumer"
    )


def test_waiting_that_the_model_cannot_explain_is_put_down_to_what_bounds_the_loading():
    assert bound(step=0.02, loading=0.018, measured=0.029) == "cpu"

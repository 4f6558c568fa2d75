import pytest

from diagnostics.watch.attribution import attribution_facts, calm_line, costs, waiting
from diagnostics.watch.diagnosing import diagnose
from diagnostics.watch.observing import Observed
from tests.diagnostics.watch.made import SECOND, main, use, worker

TWO = {"num_workers": 2, "in_order": True}


def observed(loader, *workers):
    return Observed(records=[main(loader), *workers])


def bound(loader, *workers):
    return costs(observed(loader, *workers))[0].bound


WAITS = use(TWO, batches=100, wait_ns=40.0, busy_ns=20.0)


@pytest.mark.parametrize(
    ("expected", "times"),
    [
        ("cpu", {"fetch_ns": 80.0, "timed_ns": 10.0, "cpu_ns": 9.5}),
        ("wait", {"fetch_ns": 80.0, "timed_ns": 10.0, "cpu_ns": 1.0}),
        ("mixed", {"fetch_ns": 80.0, "timed_ns": 10.0, "cpu_ns": 5.0}),
        ("cpu", {"fetch_ns": 80.0, "timed_ns": 10.0, "cpu_ns": 2.0, "ready_ns": 7.5}),
        ("copy", {"fetch_ns": 10.0, "collate_ns": 60.0}),
        ("crossing", {"fetch_ns": 5.0, "send_ns": 30.0}),
        ("skew", {"fetch_ns": 60.0, "slow_ns": 40.0, "slow_count": 20}),
    ],
)
def test_the_loading_is_bound_by_the_part_that_takes_longest(expected, times):
    assert bound(WAITS, worker(0, **times)) == expected


@pytest.mark.parametrize(("cpu", "expected"), [(58.0, "cpu"), (2.0, "wait")])
def test_a_collate_function_of_ones_own_works_or_waits(cpu, expected):
    loader = use({**TWO, "collate_fn": "train.pad"}, batches=100, wait_ns=40.0, busy_ns=20.0)
    assert bound(loader, worker(0, fetch_ns=1.0, collate_ns=60.0, timed_ns=60.0, cpu_ns=cpu)) == expected


def test_starting_workers_bounds_what_waits_for_first_batches():
    loader = use(TWO, batches=10, wait_ns=1.0, first_wait_ns=6.0, start_ns=3.0, busy_ns=5.0)
    assert bound(loader, worker(0, fetch_ns=2.0)) == "startup"


def test_what_a_sampler_draws_slowly_bounds_the_loading_and_would_take_as_long_without_workers():
    loader = use(TWO, batches=100, wait_ns=40.0, busy_ns=1.0, draw_ns=38.0)
    cost = costs(observed(loader, worker(0, fetch_ns=1.0, idle_ns=35.0)))[0]
    assert (cost.bound, cost.without_workers) == ("sampler", 40.0)
    assert [one.slug for one in diagnose(observed(loader, worker(0, fetch_ns=1.0))).findings] == [
        "loader-bottleneck"
    ]


def test_a_sampler_that_is_slow_before_an_epochs_first_batches_is_no_start_of_workers():
    loader = use(TWO, batches=100, start_ns=3.1, busy_ns=1.0, draw_ns=3.0)
    observation = observed(loader, worker(0, fetch_ns=1.0))
    assert bound(loader, worker(0, fetch_ns=1.0)) == "sampler"
    assert attribution_facts(observation)["start_seconds"] == pytest.approx(0.1)


def test_where_there_are_no_workers_none_are_started():
    loader = use({**TWO, "num_workers": 0}, batches=10, first_wait_ns=6.0, busy_ns=1.0)
    reading = main(loader, fetch_ns=6 * SECOND, timed_ns=6 * SECOND, cpu_ns=SECOND // 2)
    assert costs(Observed(records=[reading]))[0].bound == "wait"


def test_an_epoch_of_one_long_batch_is_bound_by_the_batch_and_not_by_a_start():
    loader = use(epochs=10, batches=10, first_wait_ns=50.0, start_ns=1.0, busy_ns=5.0)
    reader = main(loader, **{f"{name}_ns": int(49e9) for name in ("fetch", "cpu", "timed")})
    assert costs(Observed(records=[reader]))[0].bound == "cpu"


def test_loading_that_hides_behind_the_training_is_bound_by_nothing():
    assert bound(use(TWO, batches=100, wait_ns=1.0, busy_ns=99.0), worker(0, fetch_ns=90.0)) == "none"


def test_workers_that_idle_because_training_is_slow_are_no_crossing():
    loader = use(TWO, batches=100, wait_ns=10.0, busy_ns=50.0)
    assert bound(loader, worker(0, fetch_ns=5.0, idle_ns=50.0), worker(1, idle_ns=50.0)) != "crossing"


def test_waiting_is_summed_over_loaders_and_is_a_share_of_their_loops():
    seen = Observed(records=[main(use(wait_ns=3.0, busy_ns=7.0), use(start_ns=1.0, busy_ns=9.0))])
    told = waiting(seen)
    assert (told["seconds"], told["loop_seconds"]) == (4.0, 20.0)
    assert told["fraction"] == pytest.approx(0.2)


def test_a_run_without_loaders_has_no_facts_of_waiting_and_says_so():
    assert set(attribution_facts(Observed()).values()) == {None}
    assert "no DataLoader" in calm_line(Observed(), [])


def test_the_calm_line_tells_seconds_and_share():
    line = calm_line(observed(use(TWO, batches=100, wait_ns=1.0, busy_ns=99.0)), [])
    assert line == "training waited 1 s for data, 1% of the loop's 100 s; nothing is worth changing."


@pytest.mark.parametrize("uses_cuda", [0, 1])
def test_a_gain_is_claimed_only_where_no_gpu_may_have_computed_meanwhile(uses_cuda):
    loader = use(TWO, batches=1000, wait_ns=75.0, busy_ns=15.0)
    busy = worker(0, fetch_ns=80.0, timed_ns=10.0, cpu_ns=9.5)
    (finding,) = diagnose(Observed(0, records=[main(loader, uses_cuda=uses_cuda), busy])).findings
    assert (finding.slug, finding.confidence) == ("loader-bottleneck", "possible" if uses_cuda else "likely")
    assert "83% of the time" in finding.summary
    assert ("6.0 times as fast" in finding.summary) == (not uses_cuda)
    assert any("profile FILE.py:NAME --step" in line for line in finding.remedy.commands) == bool(uses_cuda)


@pytest.mark.parametrize(
    ("num_starts", "seconds", "advised"),
    [(5, 4.0, "persistent_workers=True"), (1, 4.0, None), (1, 40.0, "set_forkserver_preload")],
    ids=["each epoch", "once, in a short run", "once, and slowly"],
)
def test_workers_that_start_once_are_not_advised_to_be_kept(num_starts, seconds, advised):
    loader = use(
        {"num_workers": 2, "persistent_workers": num_starts == 1},
        batches=10,
        epochs=5,
        start_ns=seconds,
        busy_ns=2.0,
        worker_starts=num_starts,
    )
    found = [one for one in diagnose(observed(loader, worker(0, fetch_ns=1.0))).findings if one.remedy]
    assert [one.slug for one in found if one.slug == "loader-bottleneck"] == ["loader-bottleneck"] * (
        num_starts == 1 and advised is not None
    )
    commands = " ".join(line for one in found for line in one.remedy.commands)
    assert advised in commands if advised else "persistent_workers" not in commands


@pytest.mark.parametrize(("method", "is_preloaded"), [("fork", False), ("spawn", True), ("forkserver", True)])
def test_only_workers_that_import_torch_are_advised_a_forkserver_that_has_it(method, is_preloaded):
    arguments = {"num_workers": 2, "persistent_workers": True, "start_method": method}
    loader = use(arguments, batches=10, epochs=5, start_ns=40.0, busy_ns=2.0, worker_starts=1)
    found = diagnose(observed(loader, worker(0, fetch_ns=1.0))).findings
    commands = " ".join(line for one in found if one.remedy for line in one.remedy.commands)
    assert ("set_forkserver_preload" in commands) == is_preloaded
    assert ('set_start_method("forkserver")' in commands) == is_preloaded

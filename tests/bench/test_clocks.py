from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import clocks
from bench.alternating_calls import AlternatingCalls
from bench.clocks import EventClock, Rotation, Timeline, WallClock, flush_bytes, is_settled
from tests.bench.fake_cuda import FakeCuda

HERE = torch.device("cpu")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    fake = FakeCuda()
    monkeypatch.setattr(clocks, "perf_counter", fake.perf_counter)
    return fake


def call(cuda: FakeCuda, host: float, *kernels: float) -> Callable[[], None]:
    """A call that takes the host `host` seconds a kernel."""

    def issue() -> None:
        for kernel in kernels:
            cuda.issue(host, kernel)

    return issue


def event_clock(cuda: FakeCuda, **arguments: Any) -> EventClock:
    return EventClock(HERE, cuda=cuda, **arguments)


def test_seconds_are_the_devices_own_and_not_the_hosts(cuda: FakeCuda) -> None:
    clock = event_clock(cuda)
    cuda.busy_until = 1.0
    ((first, second),) = clock.time([[call(cuda, 1e-6, 0.002), call(cuda, 1e-6, 0.003, 0.004)]], 1)
    assert (first, second) == (pytest.approx(0.002), pytest.approx(0.007))


def test_many_rounds_end_with_a_single_synchronize(cuda: FakeCuda) -> None:
    work = call(cuda, 1e-6, 1e-4)
    times = event_clock(cuda).time([[work, work]] * 50, 3)
    assert cuda.log == ["synchronize"]
    assert [len(one) for one in times] == [2] * 50


def test_the_cache_is_flushed_before_every_cold_launch_and_never_before_a_warm_one(cuda: FakeCuda) -> None:
    log: list[str] = []

    class Flush:
        def zero_(self) -> None:
            log.append("flush")

    for is_cold, expected in ((True, ["flush", "call"] * 6), (False, ["call"] * 6)):
        log.clear()
        clock = event_clock(cuda, is_cold=is_cold)
        if is_cold:
            clock.flush = Flush()  # type: ignore[assignment]
        clock.time([[lambda: log.append("call")] * 2], 3)
        assert log == expected
        assert clock.figures()["is_cold"] == is_cold


def test_the_flush_is_as_large_as_the_devices_cache() -> None:
    assert flush_bytes(HERE, FakeCuda(l2_bytes=50 * 2**20)) == 50 * 2**20
    clock = event_clock(FakeCuda(l2_bytes=6 * 2**20))
    assert clock.flush is not None
    assert clock.flush.nbytes == 6 * 2**20


def test_a_device_that_tells_no_cache_is_flushed_a_little() -> None:
    assert flush_bytes(HERE, FakeCuda(l2_bytes=0)) == 2**20


def test_calls_that_their_launches_dominate_are_replayed_all_of_them(cuda: FakeCuda) -> None:
    clock = event_clock(cuda)
    slow_to_issue, quick = call(cuda, 50e-6, 5e-6, 5e-6), call(cuda, 1e-6, 1e-3)
    prepared = clock.prepare([slow_to_issue, quick])
    ((first, second),) = clock.time([prepared], 1)
    assert (first, second) == (pytest.approx(11e-6, rel=0.2), pytest.approx(1e-3, rel=0.01))
    assert clock.figures()["is_graph_replay"] == 1
    assert clock.launch_fraction == pytest.approx(1, rel=0.1)


def test_long_calls_are_issued_as_they_are(cuda: FakeCuda) -> None:
    clock = event_clock(cuda)
    work = call(cuda, 10e-6, 1e-3)
    assert clock.prepare([work]) == [work]
    assert clock.figures()["is_graph_replay"] == 0
    assert clock.launch_fraction < 0.05


def test_a_call_that_no_graph_can_hold_leaves_all_of_them_eager(cuda: FakeCuda) -> None:
    def refuses() -> None:
        if cuda.captured is not None:
            raise RuntimeError("operation not permitted when stream is capturing")
        cuda.issue(50e-6, 1e-6)

    works = [call(cuda, 50e-6, 1e-6), refuses]
    clock = event_clock(cuda)
    assert clock.prepare(works) == works
    assert clock.is_replay is False
    assert cuda.captured is None


def test_what_draws_random_numbers_is_issued_behind_a_head_start_and_its_kernels_alone_are_timed(
    cuda: FakeCuda,
) -> None:
    def drops() -> None:
        cuda.draw()
        cuda.issue(70e-6, 4e-6)
        cuda.issue(70e-6, 2e-6)

    clock = event_clock(cuda, is_cold=False)
    prepared = clock.prepare([drops, call(cuda, 50e-6, 3e-6)])
    ((first, second),) = clock.time([prepared], 1)
    assert (first, second) == (pytest.approx(6e-6, rel=0.01), pytest.approx(3e-6, rel=0.01))
    assert clock.figures()["is_graph_replay"] == 0
    assert cuda.num_captures == 0


def test_no_capture_is_begun_of_a_call_that_synchronizes(cuda: FakeCuda) -> None:
    def synchronizes() -> None:
        cuda.issue(50e-6, 1e-6)
        cuda.wait_for()

    works = [call(cuda, 50e-6, 1e-6), synchronizes]
    clock = event_clock(cuda)
    assert clock.prepare(works) == works
    assert cuda.num_captures == 0
    assert cuda.sync_mode == 0
    synchronizes()


def test_the_launch_itself_is_no_part_of_what_a_call_takes(cuda: FakeCuda) -> None:
    clock = event_clock(cuda, is_cold=False)
    for host, kernel in ((20e-6, 25e-6), (5e-6, 1e-6)):
        cuda.now = cuda.busy_until + 1.0  # the device has been idle for a while
        ((seconds,),) = clock.time([[call(cuda, host, kernel)]], 1)
        assert seconds == pytest.approx(kernel)


def test_where_nothing_may_be_replayed_the_launch_counts_whatever_ran_before(cuda: FakeCuda) -> None:
    clock = event_clock(cuda, is_cold=False, may_replay=False)
    work = call(cuda, 20e-6, 25e-6)
    times = clock.time([[work, call(cuda, 1e-6, 0.1)], [call(cuda, 1e-6, 0.1), work]], 1)
    assert [times[0][0], times[1][1]] == pytest.approx([45e-6, 45e-6])


def test_what_does_nothing_takes_no_less_than_events_resolve(cuda: FakeCuda) -> None:
    ((seconds,),) = event_clock(cuda).time([[lambda: None]], 1)
    assert seconds == clocks.EVENT_SECONDS


def test_replay_can_be_declined(cuda: FakeCuda) -> None:
    work = call(cuda, 50e-6, 1e-6)
    assert event_clock(cuda, may_replay=False).prepare([work]) == [work]


def test_a_rotation_takes_its_inputs_in_turn_eager_and_replayed(cuda: FakeCuda) -> None:
    used: list[int] = []
    rotation = Rotation([lambda n=n: used.append(n) for n in range(3)])
    for _ in range(7):
        rotation()
    assert used == [0, 1, 2, 0, 1, 2, 0]
    replayed = event_clock(cuda).prepare([Rotation([call(cuda, 50e-6, n * 1e-6) for n in (1, 2, 3)])])
    assert isinstance(replayed[0], Rotation)
    assert len(replayed[0].calls) == 3


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([1.0] * 5, True),
        ([9.0, 5.0, 1.0, 1.0, 1.01, 1.0, 1.0], True),
        ([1.0] * 4, False),
        ([1.0, 1.0, 1.0, 1.0, 1.5], False),
    ],
)
def test_clocks_are_up_when_the_last_readings_agree(readings: list[float], expected: bool) -> None:
    assert is_settled(readings) is expected


def test_settling_ends_on_a_device_whose_clock_never_holds_still(cuda: FakeCuda) -> None:
    lengths = iter(range(1, 10**6))
    event_clock(cuda).settle(lambda: cuda.issue(1e-6, next(lengths) * 1e-4))
    assert cuda.now >= clocks.SETTLE_SECONDS


def test_settling_takes_no_longer_than_the_clock_needs(cuda: FakeCuda) -> None:
    event_clock(cuda).settle(call(cuda, 1e-6, 1e-4))
    assert cuda.now == pytest.approx(clocks.SETTLED_NUM * clocks.SETTLE_LAUNCHES * 1e-4, rel=0.1)


def test_a_timeline_tells_when_the_device_was_done_and_not_when_it_was_asked(cuda: FakeCuda) -> None:
    cuda.now = 5.0
    timeline = Timeline(HERE, cuda)
    for _ in range(3):
        cuda.issue(1e-6, 0.25)
        timeline.add()
    assert timeline.read() == pytest.approx([5.25, 5.5, 5.75], abs=1e-4)


def test_alternating_calls_take_figures_and_quantiles_from_the_events(cuda: FakeCuda) -> None:
    lengths = iter([1e-3, 2e-3] * 10**5)
    calls = AlternatingCalls(
        lambda: cuda.issue(1e-6, next(lengths)),
        {"copy": call(cuda, 1e-6, 1e-3)},
        lambda seconds: {"ratio": seconds["call"] / seconds["copy"]},
        device="cpu",
        clock=event_clock(cuda),
    )
    calls.warm_up()
    result = calls.measure(0.0, 1.0)
    assert {round(seconds, 5) for seconds in result.rounds_seconds} <= {1e-3, 2e-3}
    assert result.figures["call_p10_seconds"] <= result.figures["call_p90_seconds"]
    assert result.figures["is_cold"] == 1
    assert result.companions["copy"] == pytest.approx([1e-3] * len(result.rounds_seconds), rel=0.01)


def test_the_wall_clock_repeats_a_call_within_its_round() -> None:
    done: list[int] = []
    ((seconds,),) = WallClock().time([[lambda: done.append(1)]], 7)
    assert len(done) == 7
    assert seconds >= 0


@pytest.mark.cuda
def test_on_a_gpu_replayed_and_eager_calls_agree_and_a_cold_copy_is_no_faster_than_a_warm_one() -> None:
    device = torch.device("cuda")
    x = torch.randn(1 << 20, device=device)  # 4 MiB: in the cache of any GPU of today
    y = torch.empty_like(x)
    seconds = {}
    for is_cold in (True, False):
        clock = EventClock(device, is_cold=is_cold)
        (copy,) = clock.prepare([lambda: y.copy_(x)])
        clock.settle(copy)
        times = [one for (one,) in clock.time([[copy]] * 100, 1)]
        seconds[is_cold] = sorted(times)[50]
    assert 0 < seconds[False] <= 1.1 * seconds[True]
    assert torch.equal(x, y)

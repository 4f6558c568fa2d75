import os
from types import SimpleNamespace
from typing import Any

import pytest

from bench import disturbance, gpu_state
from bench.gpu_state import GpuReading, between, read

OTHER = 999_999_999  # no process has this number


class FakeNvml:
    """pynvml on a GPU whose answers are given; what is not given is not supported."""

    handle = object()

    class NVMLError(Exception):
        def __init__(self, value: int = 3) -> None:
            super().__init__(value)
            self.value = value

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            raise AttributeError(name)

        def answer(handle: object, *arguments: Any) -> Any:
            self.asked.append((name, *arguments))
            given = self.answers[name]
            if isinstance(given, Exception):
                raise given
            return given(*arguments) if callable(given) else given

        return answer


def processes(*pids: int) -> list[Any]:
    return [SimpleNamespace(pid=pid) for pid in pids]


def samples(**busy: int) -> list[Any]:
    return [SimpleNamespace(pid=int(pid[1:]), smUtil=share) for pid, share in busy.items()]


def test_units_are_base_units() -> None:
    nvml = FakeNvml(
        nvmlDeviceGetClockInfo=lambda kind: {1: 1980, 2: 2619}[kind],
        nvmlDeviceGetPowerUsage=350_500,
        nvmlDeviceGetTemperature=61,
        nvmlDeviceGetViolationStatus=lambda policy: SimpleNamespace(violationTime=(policy + 1) * 10**9),
    )
    told = read("cuda", nvml=nvml)
    assert told is not None
    assert (told.sm_clock_hertz, told.memory_clock_hertz) == (1.98e9, 2.619e9)
    assert (told.power_watts, told.temperature_celsius) == (pytest.approx(350.5), 61)
    assert told.throttled_seconds == pytest.approx(2.0)


def test_what_a_gpu_does_not_tell_is_none_and_disturbs_nothing() -> None:
    nothing = read("cuda", nvml=FakeNvml(nvmlDeviceGetPowerUsage=FakeNvml.NVMLError()))
    assert nothing is not None
    told, reasons = between(nothing, nothing)
    assert reasons == []
    assert told["gpu_power_watts"] is None
    assert told["gpu_other_processes_count"] is None


@pytest.mark.parametrize("name", ["EventReasons", "ThrottleReasons"])
def test_throttling_is_read_under_its_old_name_and_its_new_one(name: str) -> None:
    nvml = FakeNvml(**{f"nvmlDeviceGetCurrentClocks{name}": 0x20 | 0x04 | 0x01})
    told = read("cuda", nvml=nvml)
    assert told is not None
    assert told.throttles == {"heat (software)", "power limit"}


def test_idle_clocks_and_clocks_that_were_set_are_no_throttling() -> None:
    told = read("cuda", nvml=FakeNvml(nvmlDeviceGetCurrentClocksEventReasons=0x1 | 0x2 | 0x100))
    assert told is not None
    assert told.throttles == frozenset()


def test_a_pass_at_whose_end_the_clock_is_held_down_is_disturbed() -> None:
    hot = GpuReading(10.0, throttles=frozenset({"heat (hardware)"}))
    told, reasons = between(GpuReading(9.0), hot)
    assert reasons == ["the GPU's clock was held down: heat (hardware)"]
    assert told["gpu_throttles"] == ["heat (hardware)"]


def test_a_power_limit_that_is_reached_is_recorded_and_disturbs_nothing() -> None:
    told, reasons = between(GpuReading(9.0), GpuReading(10.0, throttles=frozenset({"power limit"})))
    assert (told["gpu_throttles"], reasons) == (["power limit"], [])


@pytest.mark.parametrize(
    ("seconds", "reasons"), [(0.02, []), (0.25, ["the GPU was throttled for 25% of the time"])]
)
def test_throttling_between_the_readings_is_seen_by_its_counter(seconds: float, reasons: list[str]) -> None:
    before, after = GpuReading(9.0, throttled_seconds=5.0), GpuReading(10.0, throttled_seconds=5.0 + seconds)
    assert between(before, after)[1] == reasons


def nvml_with(pids: list[int], busy: Any) -> FakeNvml:
    return FakeNvml(
        nvmlDeviceGetComputeRunningProcesses=processes(*pids), nvmlDeviceGetProcessUtilization=busy
    )


@pytest.mark.parametrize(
    ("pids", "busy", "count", "reasons"),
    [
        ([os.getpid()], samples(**{f"p{os.getpid()}": 90}), 0, []),
        ([os.getpid(), OTHER], samples(**{f"p{os.getpid()}": 90}), 1, []),
        ([os.getpid(), OTHER], FakeNvml.NVMLError(gpu_state.NOTHING_FOUND[1]), 1, []),
        ([os.getpid(), OTHER], samples(**{f"p{OTHER}": 3}), 1, ["1 other process used the GPU"]),
        ([os.getpid(), OTHER], FakeNvml.NVMLError(), 1, ["1 other process used the GPU"]),
        ([41], samples(p41=80), 0, []),  # a container: our own process under the host's number
        ([41, 42, 43], samples(p41=80), 2, []),
        ([41, 42, 43], samples(p41=80, p42=5), 2, ["1 other process used the GPU"]),
        ([41, 42, 43], FakeNvml.NVMLError(), 2, []),  # they may be our own trainings
        ([], FakeNvml.NVMLError(), 0, []),
    ],
    ids=[
        "alone", "idle neighbour", "no samples", "busy neighbour", "not counted", "container alone",
        "container with idle others", "container with a busy one", "container, not counted",
        "processes hidden",
    ],
)  # fmt: skip
def test_a_neighbour_disturbs_when_it_ran_or_when_nobody_can_tell(
    pids: list[int], busy: Any, count: int, reasons: list[str]
) -> None:
    reading = read("cuda", since_seconds=5.0, nvml=nvml_with(pids, busy))
    told, found = between(GpuReading(4.0), reading)
    assert (told["gpu_other_processes_count"], found) == (count, reasons)


def test_processes_count_as_busy_from_the_reading_before() -> None:
    nvml = nvml_with([os.getpid()], [])
    read("cuda", since_seconds=5.5, nvml=nvml)
    assert ("nvmlDeviceGetProcessUtilization", 5_500_000) in nvml.asked


def test_without_pynvml_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    gpu_state._handle.cache_clear()
    monkeypatch.setattr(gpu_state, "import_module", missing)
    assert read("cuda") is None
    gpu_state._handle.cache_clear()
    assert between(None, None) == ({}, [])


def test_a_pass_on_the_gpu_records_its_state_and_one_on_the_cpu_none(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float | None] = []

    def fake(device: str, since_seconds: float | None = None) -> GpuReading:
        seen.append(since_seconds)
        return GpuReading(7.0, temperature_celsius=50.0, throttles=frozenset({"power brake"}))

    monkeypatch.setattr(gpu_state, "read", fake)
    before = disturbance.read(device="cuda:0")
    record = disturbance.between(before, disturbance.read(device="cuda:0", since=before))
    assert seen == [None, 7.0]
    assert record["gpu_temperature_celsius"] == 50.0
    assert "the GPU's clock was held down: power brake" in record["disturbed"]
    calm = disturbance.between(disturbance.read(), disturbance.read())
    assert not [key for key in calm if key.startswith("gpu")]


@pytest.mark.cuda
def test_on_a_gpu_with_pynvml_its_temperature_and_clock_are_plausible() -> None:
    pytest.importorskip("pynvml")
    told = read("cuda")
    assert told is not None
    assert told.temperature_celsius is None or 0 < told.temperature_celsius < 120
    assert told.sm_clock_hertz is None or 1e8 < told.sm_clock_hertz < 5e9

from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from bench import disturbance
from bench.disturbance import Reading, between, steal_fraction

Times = namedtuple("Times", "user system idle steal")
CALM = Times(10, 10, 80, 0)


def reading(times: Any = CALM, quota: int | None = 0, heat: int | None = 0) -> Reading:
    return Reading(times, quota, heat, 5)


def test_steal_is_the_stolen_share_of_all_time() -> None:
    assert steal_fraction(CALM, Times(15, 12, 88, 5)) == pytest.approx(0.25)


def test_steal_is_unknown_where_the_platform_does_not_count_it() -> None:
    windows = namedtuple("Windows", "user system idle")
    assert steal_fraction(windows(1, 1, 1), windows(2, 2, 2)) is None


def test_a_quiet_pass_gives_no_reason() -> None:
    assert between(reading(), reading(Times(20, 20, 160, 0)))["disturbed"] == []


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (reading(Times(20, 20, 150, 10)), "10% of the CPU time was stolen"),
        (reading(quota=3), "the CPU quota stopped it 3 times"),
        (reading(heat=2), "heat slowed the processor 2 times"),
    ],
)
def test_each_disturbance_is_a_reason(after: Reading, reason: str) -> None:
    assert between(reading(), after)["disturbed"] == [reason]


def test_what_cannot_be_read_is_none_and_no_reason() -> None:
    told = between(reading(quota=None, heat=None), reading(quota=None, heat=None))
    assert told["quota_throttles_count"] is None
    assert told["heat_throttles_count"] is None
    assert told["disturbed"] == []


def test_throttles_are_read_from_the_control_group_and_every_core(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/job\n",
        "proc/self/mountinfo": "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
        "sys/fs/cgroup/job/cpu.stat": "usage_usec 5\nnr_periods 9\nnr_throttled 4\n",
        "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "1\n",
        "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": "2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = disturbance.read(tmp_path)
    assert (told.quota_throttles, told.heat_throttles) == (4, 3)


def test_this_machine_can_be_read() -> None:
    told = between(disturbance.read(), disturbance.read())
    assert told["load_1min"] >= 0

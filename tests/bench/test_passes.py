from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench.host import MeasurementError, SkippedHereError
from bench.passes import Schedule, Series


def series(*names: str) -> list[Series]:
    return [Series(name, name, "topic", {}, Path("file"), "function") for name in names]


class Answering:
    """A host that answers from a script: a number of seconds, or an exception to raise."""

    def __init__(self, **script: list[Any]) -> None:
        self.script = script
        self.asked: list[tuple[str, float]] = []

    def measure(self, name: str, *_: Any, seconds: float, until: float) -> dict[str, Any]:
        self.asked.append((name, until))
        answer = self.script[name].pop(0)
        if isinstance(answer, Exception):
            raise answer
        steal, seconds = answer if isinstance(answer, tuple) else (0.0, answer)
        return {
            "seconds": seconds,
            "figures": {"speed": 1 / seconds, "odd": None},
            "study": None,
            "unit": "call",
            "steal_fraction": steal,
            "disturbed": [f"{steal:.0%} of the CPU time was stolen"] if steal else [],
        }


def ignore(number: int, one: Series) -> None:
    pass


def test_every_pass_measures_each_configuration_once() -> None:
    host = Answering(a=[1, 1, 1], b=[1, 1, 1], c=[1, 1, 1])
    Schedule(3, order_seed=0).run(host, series("a", "b", "c"), ignore)
    assert [Counter(name for name, _ in host.asked[i : i + 3]) for i in (0, 3, 6)] == [Counter("abc")] * 3


def test_orders_differ_between_passes_and_come_back_with_the_seed() -> None:
    many = series(*"abcdefghij")
    orders = [[one.name for one in Schedule(5, order_seed=7).order(number, many)] for number in range(5)]
    assert len({tuple(order) for order in orders}) == 5
    assert orders == [
        [one.name for one in Schedule(5, order_seed=7).order(number, many)] for number in range(5)
    ]
    assert orders[0] != [one.name for one in Schedule(5, order_seed=8).order(0, many)]


def test_until_reaches_one_in_the_last_pass() -> None:
    host = Answering(a=[1, 1, 1, 1])
    Schedule(4, order_seed=0).run(host, series("a"), ignore)
    assert [until for _, until in host.asked] == [0.25, 0.5, 0.75, 1.0]


def test_a_failed_configuration_keeps_its_passes_and_is_not_tried_again() -> None:
    host = Answering(a=[2.0, MeasurementError("died", "died of SIGKILL")], b=[1, 1, 1])
    a, b = series("a", "b")
    Schedule(3, order_seed=0).run(host, [a, b], ignore)
    assert (a.seconds(), len(b.passes)) == ([2.0], 3)
    assert a.failure is not None
    assert a.failure.reason == "died of SIGKILL"


def test_a_skipped_configuration_is_asked_once() -> None:
    host = Answering(a=[SkippedHereError("no CUDA")])
    (a,) = series("a")
    Schedule(3, order_seed=0).run(host, [a], ignore)
    assert (a.skipped, len(host.asked)) == ("no CUDA", 1)


def test_figures_are_medians_over_the_passes_without_what_could_not_be_told() -> None:
    host = Answering(a=[1.0, 0.5, 0.1])
    (a,) = series("a")
    Schedule(3, order_seed=0).run(host, [a], ignore)
    assert a.extra_info()["figures"] == {"speed": pytest.approx(2.0)}


def test_the_listener_hears_of_every_measurement() -> None:
    heard: list[tuple[int, str]] = []
    host = Answering(a=[1, 1], b=[MeasurementError("raised", "no"), 1])
    Schedule(2, order_seed=0).run(
        host, series("a", "b"), lambda number, one: heard.append((number, one.name))
    )
    assert Counter(heard) == Counter([(0, "a"), (0, "b"), (1, "a"), (1, "b")])


def redone(script: list[Any], seconds_per_look: float = 1.0) -> Series:
    """Run one configuration's three passes of 30 seconds and what is redone of them."""
    looks = iter([0.0, 30.0, *(30.0 + seconds_per_look * number for number in range(9))])
    (a,) = series("a")
    Schedule(3, order_seed=0, clock=looks.__next__).run(Answering(a=script), [a], ignore)
    return a


def test_a_disturbed_pass_is_redone_at_the_end_and_both_values_are_kept() -> None:
    a = redone([1.0, (0.2, 3.0), 1.0, 1.1])
    assert a.seconds() == [1.0, 1.1, 1.0]
    assert [one["pass"] for one in a.passes] == [0, 1, 2]
    assert a.passes[1]["redone"] == {
        "seconds": 3.0, "disturbed": ["20% of the CPU time was stolen"], "was_first": True,
    }  # fmt: skip


def test_a_repetition_that_was_disturbed_too_does_not_stand_even_where_it_is_faster() -> None:
    a = redone([1.0, (0.2, 3.0), 1.0, (0.1, 2.0)])
    assert a.seconds() == [1.0, 3.0, 1.0]
    assert (a.passes[1]["redone"]["seconds"], a.passes[1]["redone"]["was_first"]) == (2.0, False)


def test_no_more_is_redone_than_a_fifth_of_the_time_the_most_disturbed_first() -> None:
    a = redone([(0.1, 3.0), (0.3, 3.0), (0.2, 3.0), 1.0, 1.1], seconds_per_look=4.0)
    assert a.seconds() == [3.0, 1.0, 1.1]


def test_a_device_that_is_gone_at_the_end_costs_no_pass_that_was_measured() -> None:
    (a,) = series("a")
    host = Answering(a=[(0.5, 2.0), SkippedHereError("no CUDA")])
    assert Schedule(1, order_seed=0, clock=iter([0.0, 100.0, 101.0]).__next__).run(host, [a], ignore) is True
    assert (a.seconds(), a.skipped) == ([2.0], "no CUDA")


def test_a_calm_run_is_not_prolonged() -> None:
    a = redone([1.0, 1.0, 1.0])
    assert not any("redone" in one for one in a.passes)


def test_a_budget_ends_the_run_after_a_whole_first_pass() -> None:
    ticks = iter(range(0, 1000, 10))
    host = Answering(a=[1.0] * 5, b=[1.0] * 5)
    schedule = Schedule(5, order_seed=0, clock=lambda: float(next(ticks)), budget_seconds=25.0)
    both = series("a", "b")
    assert schedule.run(host, both, ignore) is False
    assert [len(one.passes) for one in both] in ([1, 2], [2, 1], [2, 2])
    assert len(host.asked) < 10


def test_what_a_study_came_to_stands_until_its_first_pass_is_over() -> None:
    (a,) = series("a")
    so_far = {"seconds": 2.0, "figures": {}, "unit": "epoch", "study": {"epochs": 3}}
    a.keep(so_far)
    a.keep({**so_far, "seconds": 3.0, "study": {"epochs": 5}})
    assert (a.num_passes, a.seconds(), a.extra_info()["study"]) == (0, [3.0], {"epochs": 5})
    assert a.extra_info()["passes"] == [{"pass": 0, "unfinished": True, "seconds": 3.0, "figures": {}}]
    Schedule(2, order_seed=0).run(Answering(a=[1.0, 1.0]), [a], ignore)
    assert (a.num_passes, a.seconds()) == (2, [1.0, 1.0])


def test_a_study_that_fails_in_its_first_pass_keeps_what_it_came_to() -> None:
    (a,) = series("a")
    a.keep({"seconds": 2.0, "figures": {}, "unit": "epoch", "study": {"epochs": 3}})
    Schedule(2, order_seed=0).run(Answering(a=[MeasurementError("died", "SIGKILL")]), [a], ignore)
    assert (a.num_passes, a.seconds(), a.study) == (0, [2.0], {"epochs": 3})


def test_without_a_budget_every_pass_is_measured() -> None:
    both = series("a", "b")
    assert Schedule(3, order_seed=0).run(Answering(a=[1.0] * 3, b=[1.0] * 3), both, ignore) is True
    assert [len(one.passes) for one in both] == [3, 3]

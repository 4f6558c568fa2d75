from typing import Any

from diagnostics.recorded import pass_seconds, reference_seconds, rounds_seconds


def measured(number: int, copy: Any, **parts: Any) -> dict[str, Any]:
    return {"pass": number, "reference": {"copy_seconds": copy}, **parts}


def test_only_durations_are_read() -> None:
    values = (1.0, 0, -1, None, "2", float("nan"), float("inf"), True, 2)
    assert pass_seconds({"seconds": value} for value in values) == [1.0, 2.0]
    assert rounds_seconds([{"rounds_seconds": [1.0, None]}, {}, {"rounds_seconds": None}]) == [1.0]


def test_a_reference_is_the_median_over_the_places_of_each_pass() -> None:
    first = [measured(0, 1.0), measured(1, 4.0)]
    second = [measured(0, 3.0), measured(1, 6.0)]
    assert reference_seconds([first, second]) == {"copy": [2.0, 5.0]}


def test_passes_without_a_number_count_in_their_order_and_odd_references_are_left_out() -> None:
    passes = [{"reference": {"pipe_seconds": 2.0}}, {"reference": None}, {"reference": {"pipe_seconds": -1}}]
    assert reference_seconds([passes]) == {"pipe": [2.0]}
    assert reference_seconds([]) == {}

import pandas as pd
import pytest

from reports.cliffs import Cliff, cliffs


def rows(*shapes: tuple[int, float], device: str = "cpu") -> pd.DataFrame:
    """Shapes of so many elements, each with its cost an element."""
    return pd.DataFrame(
        [
            {"device": device, "shape": f"s{size}", "num_elements": size, "seconds": size * cost}
            for size, cost in shapes
        ]
    )


def test_a_shape_several_times_dearer_than_its_smaller_neighbour_is_a_cliff() -> None:
    (cliff,) = cliffs(rows((100, 1.0), (200, 1.1), (400, 8.8), (800, 8.8)), ["device"])
    assert cliff == Cliff(("cpu",), "s200", "s400", pytest.approx(8.0))


def test_exactly_three_times_is_none() -> None:
    assert cliffs(rows((100, 1.0), (200, 3.0)), ["device"]) == []


def test_small_shapes_are_dear_by_what_a_call_costs_and_that_is_none() -> None:
    assert cliffs(rows((100, 50.0), (1000, 5.0), (10_000, 1.0)), ["device"]) == []


def test_between_shapes_of_about_one_size_a_fall_is_one_too() -> None:
    (cliff,) = cliffs(rows((1000, 5.0), (1016, 1.0)), ["device"])
    assert (cliff.cheap, cliff.dear) == ("s1016", "s1000")


def test_neighbours_are_of_one_device_and_the_steepest_comes_first() -> None:
    both = pd.concat(
        [rows((1, 1.0), (2, 4.0)), rows((1, 0.1), (2, 0.5), device="cuda"), rows((3, 4.0), device="cuda")]
    )
    assert [cliff.group for cliff in cliffs(both, ["device"])] == [("cuda",), ("cuda",), ("cpu",)]


def test_one_odd_pass_is_no_cliff() -> None:
    calm = rows((100, 1.0), (200, 1.0))
    assert cliffs(pd.concat([calm, calm, rows((100, 1.0), (200, 9.0))]), ["device"]) == []

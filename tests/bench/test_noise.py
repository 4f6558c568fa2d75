from pathlib import Path
from typing import Any

import pytest

from bench.noise import lines, resolvable
from bench.passes import Series


def series(*seconds: float, **parts: Any) -> Series:
    one = Series("x", "x", "topic", {}, Path("file"), "function")
    one.passes = [{"pass": i, "seconds": value, "disturbed": [], **parts} for i, value in enumerate(seconds)]
    return one


def test_a_calm_run_has_nothing_to_say() -> None:
    assert list(lines([series(1.0, 1.001, 0.999), series(2.0, 2.001, 2.002)])) == []


def test_a_noisy_run_is_told_which_differences_stand_out() -> None:
    noisy = series(1.0, 1.3, 0.8, 1.1)
    (line,) = lines([noisy])
    assert f"about {resolvable([noisy]):.0%} or more stand out" in line
    assert 0.3 < resolvable([noisy]) < 0.8


def test_disturbed_and_redone_passes_are_counted() -> None:
    disturbed = series(1.0, 1.0, disturbed=["40% of the CPU time was stolen"])
    mended = series(1.0, 1.0, redone={"was_first": True})
    (line,) = lines([disturbed, mended])
    assert line.startswith("2 of 4 passes were disturbed")
    assert line.endswith("2 redone, 2 of them without disturbance.")


@pytest.mark.parametrize("seconds", [(), (1.0,), (1.0, 1.0)])
def test_too_few_or_constant_passes_say_nothing(seconds: tuple[float, ...]) -> None:
    assert list(lines([series(*seconds)])) == []

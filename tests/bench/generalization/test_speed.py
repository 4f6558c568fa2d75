"""The population against ordinary loops: how far members are apart, and what loops not timed would take."""

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import joblib
import pytest

from bench.generalization import speed, stacked
from bench.generalization.commands import DIFFERENCE_ALLOWED
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data
from bench.generalization.studies import settings

SHORT = Setting("short", widths=(8,), num_train=40, epochs=2)
LAYER_NORM = replace(SHORT, name="layer norm", norm="layer")
WILD = replace(SHORT, name="wild", optimizer="sgd", l2=1e300)
MODELS = [(setting, seed) for setting in (SHORT, LAYER_NORM) for seed in range(8)]


@pytest.mark.parametrize(
    ("member", "loop", "apart"),
    [
        (0.5, 0.5, 0.0),
        (0.5, 0.25, 0.25),
        (30.0, 20.0, 0.5),
        (math.nan, math.nan, 0.0),
        (math.inf, math.nan, 0.0),
        (math.nan, 0.5, math.inf),
        (0.5, math.inf, math.inf),
    ],
)
def test_what_diverges_with_its_loop_is_no_difference_and_what_diverges_alone_is_the_greatest(
    member: float, loop: float, apart: float
) -> None:
    assert speed._apart(member, loop) == apart


@pytest.mark.parametrize("order", [(SHORT, WILD), (WILD, SHORT)])
def test_a_member_that_diverges_is_compared_wherever_it_comes(
    order: tuple[Setting, Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_data("digits")
    assert speed._difference(order, 0, data, "cpu") < DIFFERENCE_ALLOWED
    monkeypatch.setattr(speed, "twin", lambda setting, *rest: dict.fromkeys(speed.COMPARED, 0.5))
    assert speed._difference(order, 0, data, "cpu") == math.inf


def test_an_eps_that_is_a_tenth_too_large_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    data, real = load_data("digits"), stacked.F.layer_norm

    def other_in_the_population(x: Any, shape: Any, *passed_by_the_module: Any) -> Any:
        return real(x, shape, *passed_by_the_module) if passed_by_the_module else real(x, shape, eps=1.1e-5)

    assert speed._difference([LAYER_NORM], 0, data, "cpu") < DIFFERENCE_ALLOWED / 100
    monkeypatch.setattr(stacked.F, "layer_norm", other_in_the_population)
    assert speed._difference([LAYER_NORM], 0, data, "cpu") > DIFFERENCE_ALLOWED


def test_every_shape_has_its_share_of_the_timed_loops_rounded_up() -> None:
    models = [(setting, seed) for setting in settings(is_full=False) for seed in range(8)]
    drawn = speed._drawn(models, 60)
    assert len(set(drawn)) == len(drawn) < 70
    every, timed = (Counter(setting.shared for setting, _ in some) for some in (models, drawn))
    assert timed == {shape: math.ceil(number * 60 / 352) for shape, number in every.items()}


@pytest.mark.parametrize("num_loops", [16, 60, math.inf])
def test_where_all_can_be_timed_all_are(num_loops: float) -> None:
    assert sorted(speed._drawn(MODELS, num_loops), key=MODELS.index) == MODELS


def test_each_loop_that_was_not_timed_counts_as_the_mean_of_its_own_shape() -> None:
    timed, seconds = [MODELS[0], MODELS[3], MODELS[9]], [1.0, 3.0, 100.0]
    assert speed._others(MODELS, timed, seconds) == 6 * 2.0 + 7 * 100.0
    assert speed._others(timed, timed, seconds) == 0


def test_models_are_timed_in_three_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)  # in this process, so that none stays behind
    told = speed.measure("two shapes", [SHORT, LAYER_NORM], range(3), 4)
    assert (told.num_models, told.num_loops, told.num_cores) == (6, 4, 1)
    assert told.largest_difference < DIFFERENCE_ALLOWED
    assert min(told.population_seconds, told.loop_seconds, told.joblib_seconds) > 0
    whole = speed.measure("two shapes", [SHORT, LAYER_NORM], range(3), math.inf)
    assert whole.num_loops == 6

"""The population against ordinary loops: how far members are apart."""

import math
from dataclasses import replace
from typing import Any

import pytest

from bench.generalization import speed, stacked
from bench.generalization.commands import DIFFERENCE_ALLOWED
from bench.generalization.setting import Setting
from bench.generalization.sources import load_data

SHORT = Setting("short", widths=(8,), num_train=40, epochs=2)
LAYER_NORM = replace(SHORT, name="layer norm", norm="layer")
WILD = replace(SHORT, name="wild", optimizer="sgd", l2=1e300)


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

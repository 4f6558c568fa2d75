"""Bars of samples per second with their intervals: the rungs of a ladder, the trials of a tuning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics.intervals import Interval
from reports import canvas
from reports.values import as_number
from reports.wording import number

CUT = 12.0  # times the slowest: what lies far above would flatten all others
MOST_BARS = 40


@dataclass(frozen=True)
class Rate:
    """One bar: what was measured, samples per second, and whether it is the one that matters."""

    name: str
    interval: Interval
    is_marked: bool = False

    @property
    def is_drawable(self) -> bool:
        """Whether there is a bar to draw."""
        return 0 < self.interval.estimate < math.inf


def interval_of(document: dict[str, Any]) -> Interval:
    """Return the interval of an entry: `low` and `high`, or `interval` as a pair."""
    pair = document.get("interval")
    low, high = (
        pair if isinstance(pair, list) and len(pair) == 2 else (document.get("low"), document.get("high"))
    )
    return Interval(as_number(document.get("samples_per_second")), as_number(low), as_number(high), 0)


def draw(rates: Sequence[Rate], *, is_cut: bool = True) -> Any:
    """Draw horizontal bars from zero; with `is_cut` one far longer than others ends in an arrow."""
    shown = [rate for rate in rates if rate.is_drawable][:MOST_BARS]
    figure, grid = canvas.panels(1, 1, 0.8 + 0.36 * len(shown))
    axes = grid[0, 0]
    edge = max(_end(rate) for rate in shown)
    if is_cut:
        edge = min(edge, CUT * min(rate.interval.estimate for rate in shown))
    for height, rate in enumerate(shown):
        _bar(axes, height, rate, edge)
    canvas.named_rows(axes, [canvas.label(rate.name) for rate in shown])
    axes.set_xlim(0, 1.14 * edge)
    axes.set_xlabel("samples per second")
    return figure


def _end(rate: Rate) -> float:
    return max(rate.interval.estimate, rate.interval.high if math.isfinite(rate.interval.high) else 0.0)


def _bar(axes: Any, height: int, rate: Rate, edge: float) -> None:
    one = rate.interval
    is_cut = one.estimate > edge
    axes.barh(height, min(one.estimate, edge), 0.62, color=canvas.ORANGE if rate.is_marked else canvas.BLUE)
    if is_cut:
        axes.plot([edge], [height], marker=5, color=canvas.INK, markersize=6, linestyle="")
    elif math.isfinite(one.low + one.high):
        axes.hlines(height, one.low, min(one.high, edge), color=canvas.INK, linewidth=1.2)
    end = min(edge, _end(rate))
    axes.text(end + 0.012 * edge, height, number(one.estimate), va="center", color=canvas.INK)

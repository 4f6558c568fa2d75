"""The forest plot: the ratio of every configuration with its interval, on one logarithmic axis."""

from collections.abc import Sequence
from typing import Any

from diagnostics.comparisons import EQUIVALENCE, Outcome
from reports import canvas, svg
from reports.comparison import shown
from reports.comparison.result import Against, Row, is_bounded
from reports.parts import Cell, Drawn, Table, cell
from reports.wording import count, number, percent, seconds, shorten

MOST_LINES = 60
WIDEST = 16.0  # beyond this factor an interval is drawn to the edge: nobody needs to tell 20 from 200
TICKS = (0.001, 0.01, 0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 4, 10, 100, 1000)
MIN_TICK_GAP = 0.055  # of the axis
LOOKS = {
    Outcome.SLOWER: {"color": canvas.ORANGE, "marker": "^"},
    Outcome.FASTER: {"color": canvas.GREEN, "marker": "v"},
    Outcome.SAME: {"color": canvas.BLUE, "marker": "s"},
    Outcome.UNSURE: {"color": canvas.GREY, "marker": "o"},
}


def drawn(against: Against, anchor: str) -> Drawn | None:
    """Return the figure as it stands on the page, None where nothing was compared."""
    lines = [row for row in against.rows if 0 < row.comparison.ratio < float("inf")]
    if not lines:
        return None
    with canvas.style():
        picture = svg.render(_draw(lines[:MOST_LINES], against), anchor, title(against))
    return Drawn(anchor, title(against), _caption(against, len(lines)), picture, table(against))


def title(against: Against) -> str:
    """Return the result in one sentence with its numbers."""
    told = [f"{amount} {outcome}" for outcome, amount in against.counts().items() if amount]
    largest = next((row.comparison for row in against.rows if row.comparison.verdict is Outcome.SLOWER), None)
    worst = f"; {canvas.label(largest.name)} takes {number(largest.ratio)} times as long" if largest else ""
    return (
        f"{shown.heading(against)}: {', '.join(told)} of {count(len(against.rows), 'configuration')}{worst}"
    )


def _caption(against: Against, total: int) -> str:
    cut = (
        f" The first {MOST_LINES} of {total:,} are drawn, all stand in the table."
        if total > MOST_LINES
        else ""
    )
    return (
        f"Time of {against.b.name} over time of {against.a.name} with its 95 % interval; right of 1 "
        f"is slower. The band is ±{EQUIVALENCE:.0%}: an interval wholly inside it is `same`. Where an arrow "
        f"stands, the interval goes on beyond the edge.{cut}"
    )


def _draw(lines: Sequence[Row], against: Against) -> Any:
    figure, grid = canvas.panels(1, 1, 1.1 + 0.25 * len(lines))
    axes = grid[0, 0]
    low, high = _limits(lines)
    axes.axvspan(
        max(low, 1 - EQUIVALENCE), min(high, 1 + EQUIVALENCE), color=canvas.BLUE, alpha=0.12, linewidth=0
    )
    axes.axvline(1, color=canvas.INK, linewidth=0.9, zorder=1)
    for height, row in enumerate(lines):
        _line(axes, height, row, low, high)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    canvas.named_rows(axes, [canvas.label(row.comparison.name) for row in lines])
    ticks = _ticks(low, high)
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(f"time of {against.b.letter} over time of {against.a.letter} (logarithmic)")
    present = [outcome for outcome in LOOKS if any(row.comparison.verdict is outcome for row in lines)]
    canvas.key(
        figure, [str(outcome) for outcome in present], [{**LOOKS[o], "linestyle": "-"} for o in present]
    )
    return figure


def _line(axes: Any, height: int, row: Row, low: float, high: float) -> None:
    one, look = row.comparison, LOOKS[row.comparison.verdict]
    colour = look["color"]
    left, right = (max(low, one.low), min(high, one.high)) if is_bounded(one) else (low, high)
    style = "-" if is_bounded(one) else (0, (1, 3))
    axes.hlines(height, left, right, color=colour, linewidth=1.6, linestyle=style)
    for edge, marker, is_beyond in ((low, 4, left == low), (high, 5, right == high)):
        if is_beyond:
            axes.plot(
                [edge], [height], marker=marker, color=colour, markersize=6, clip_on=False, linestyle=""
            )
    axes.plot(
        [one.ratio], [height], **look, linestyle="", markersize=7, markeredgecolor=canvas.PAPER, zorder=3
    )


def _limits(lines: Sequence[Row]) -> tuple[float, float]:
    """Return a range that holds every ratio, and the intervals as far as they say something."""
    ratios = [row.comparison.ratio for row in lines]
    bounded = [row.comparison for row in lines if is_bounded(row.comparison)]
    low = min([0.9, *ratios, *(max(one.low, 1 / WIDEST) for one in bounded)])
    high = max([1.1, *ratios, *(min(one.high, WIDEST) for one in bounded)])
    margin = (high / low) ** 0.03
    return low / margin, high * margin


def _ticks(low: float, high: float) -> list[float]:
    """Return ticks around 1 that do not run into each other."""
    inside = [tick for tick in TICKS if low <= tick <= high]
    gap = (high / low) ** MIN_TICK_GAP
    kept = [1.0]
    for tick in sorted(inside, key=lambda tick: max(tick, 1 / tick)):
        if all(max(tick / other, other / tick) > gap for other in kept):
            kept.append(tick)
    return sorted(kept)


def table(against: Against) -> Table:
    """Return every comparison with its verdict."""
    lines = [
        [
            cell(shown.verdict(row.comparison.verdict)),
            cell(number(row.comparison.ratio), row.comparison.ratio),
            cell(shown.interval(row.comparison), row.comparison.low),
            cell(row.comparison.name),
            cell(seconds(row.a_seconds), row.a_seconds),
            cell(seconds(row.b_seconds), row.b_seconds),
        ]
        for row in against.rows
    ]
    columns = ("verdict", "ratio", "95 % interval", "configuration", against.a.letter, against.b.letter)
    caption = f"{count(len(lines), 'comparison')}: {shown.heading(against)}"
    return Table(caption, columns, lines, is_folded=True)


def everything(against: Sequence[Against]) -> Table:
    """Return every comparison of every side, why its verdict is what it is, and what would settle it."""
    lines = [
        [
            cell(shown.verdict(row.comparison.verdict)),
            cell(number(row.comparison.ratio), row.comparison.ratio),
            cell(shown.interval(row.comparison), row.comparison.low),
            cell(row.comparison.name),
            cell(each.b.name),
            cell(row.group),
            cell(percent(row.comparison.p_value), row.comparison.p_value),
            Cell(shorten(row.reason, 600)),
        ]
        for each in against
        for row in each.rows
    ]
    columns = ("verdict", "ratio", "95 % interval", "configuration", "side", "group", "p, corrected", "why")
    caption = "Every verdict, why it is what it is, and what would settle it"
    return Table(caption, columns, lines, anchor="verdicts", filters=("side", "group", "verdict"))

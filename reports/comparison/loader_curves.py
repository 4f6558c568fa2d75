"""The loader's curve on every machine: throughput against workers, a panel a workload and machine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.intervals import geometric_interval
from reports import canvas, frames, headlines, svg
from reports.comparison.result import Result
from reports.comparison.sides import Side
from reports.frames import Frame
from reports.headlines import IN_PROCESS
from reports.parts import Drawn, Table, cell, interval_cells
from reports.wording import count, number

ANCHOR = "figure-loader-curves"
MOST_SIDES, MOST_WORKLOADS = 8, 4


def drawn(result: Result) -> Drawn | None:
    """Return the figure; None where no two sides measured a curve of the same workload."""
    curves = _curves(result.sides)
    if curves.empty:
        return None
    spread = curves.groupby("workload")["letter"].nunique()
    workloads = list(spread[spread > 1].sort_values(ascending=False, kind="stable").index)
    if not workloads:
        return None
    chosen = curves[curves["workload"].isin(workloads)]
    title = _title(result.sides, chosen)
    with canvas.style():
        picture = svg.render(_draw(chosen, workloads[:MOST_WORKLOADS]), ANCHOR, title)
    return Drawn(ANCHOR, title, _caption(result, len(workloads)), picture, _table(result.sides, chosen))


def _curves(sides: Sequence[Side]) -> Frame:
    """Return the passes of each run's own start method, and those without workers."""
    parts = []
    for side in sides:
        for given in side.members:
            loader = frames.loader(given.run)
            if not loader.empty:
                method = headlines.chosen_start_method(given.run, loader)
                kept = loader[loader["start_method"].isin([method, IN_PROCESS])]
                parts.append(kept.assign(letter=side.letter))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _draw(curves: Frame, workloads: Sequence[str]) -> Any:
    """Draw one row a workload and one column a machine; the other machines stand faintly behind each."""
    letters = list(curves["letter"].unique())[:MOST_SIDES]
    figure, grid = canvas.panels(
        len(workloads), len(letters), 0.5 + 1.9 * len(workloads), sharex="row", sharey="row"
    )
    for workload, row in zip(workloads, grid, strict=True):
        panel = curves[curves["workload"] == workload]
        lines = {letter: _points(panel[panel["letter"] == letter]) for letter in letters}
        for letter, axes in zip(letters, row, strict=True):
            _draw_panel(axes, lines, letter)
            axes.set_title(letter if workload == workloads[0] else "")
        row[0].set_ylabel(f"{canvas.label(workload)},\nsamples per second")
    for axes in grid[-1]:
        axes.set_xlabel("workers")
    return figure


def _points(part: Frame) -> Frame:
    by_count = part.groupby("num_workers")["samples_per_second"]
    intervals = by_count.apply(geometric_interval)
    return pd.DataFrame(
        {
            "rate": [one.estimate for one in intervals],
            "low": [one.low if np.isfinite(one.low) else one.estimate for one in intervals],
            "high": [one.high if np.isfinite(one.high) else one.estimate for one in intervals],
        },
        index=intervals.index,
    )


def _draw_panel(axes: Any, lines: dict[str, Frame], letter: str) -> None:
    for other, points in lines.items():
        if other != letter:
            axes.plot(points.index, points["rate"], color=canvas.GREY, linewidth=0.8, alpha=0.6, zorder=1)
    own = lines[letter]
    if not own.empty:
        reach = [own["rate"] - own["low"], own["high"] - own["rate"]]
        axes.errorbar(own.index, own["rate"], yerr=reach, color=canvas.BLUE, marker="o", capsize=3, zorder=3)
    axes.set_ylim(bottom=0)
    axes.set_xticks(sorted({count for points in lines.values() for count in points.index}))
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 2) if value else "0")
    axes.grid(visible=False, axis="x")


def _best(curves: Frame) -> Frame:
    """Return the best rate of every workload and side, with the workers it takes."""
    rates = curves.groupby(["workload", "letter", "num_workers"], sort=False)["samples_per_second"]
    means = rates.apply(canvas.geometric_mean).reset_index(name="rate")
    return means.loc[means.groupby(["workload", "letter"], sort=False)["rate"].idxmax()]


def _title(sides: Sequence[Side], curves: Frame) -> str:
    best = _best(curves)
    workload = best["workload"].iloc[0]
    of_one = best[best["workload"] == workload].sort_values("rate", ascending=False)
    names = {side.letter: canvas.label(side.name) for side in sides}
    first, last = of_one.iloc[0], of_one.iloc[-1]
    most, least = (f"{number(one['rate'])} samples/s on {names[one['letter']]}" for one in (first, last))
    workers = [count(int(one["num_workers"]), "worker") for one in (first, last)]
    return f"{canvas.label(workload)}: {most} with {workers[0]}, {least} with {workers[1]}"


def _caption(result: Result, num_workloads: int) -> str:
    names = "; ".join(f"{side.letter}: {side.machine}" for side in result.sides[:MOST_SIDES])
    cuts = []
    if len(result.sides) > MOST_SIDES:
        cuts.append(f"the first {MOST_SIDES} of {count(len(result.sides), 'side')}")
    if num_workloads > MOST_WORKLOADS:
        cuts.append(f"{MOST_WORKLOADS} of {count(num_workloads, 'workload')}")
    cut = f" Drawn are {' and '.join(cuts)}; all stand in the table." if cuts else ""
    return (
        "Higher is better. A column is a side, a row a workload with one axis for all; the grey lines are "
        "the other sides. Points are geometric means over the passes of all runs of a side, bars their 95 % "
        f"interval, which leaves out what varies between runs. {names}.{cut}"
    )


def _table(sides: Sequence[Side], curves: Frame) -> Table:
    names = {side.letter: side.name for side in sides}
    groups = curves.groupby(["workload", "letter", "num_workers"], sort=False)
    return Table(
        "Throughput on every side",
        ("workload", "side", "workers", "samples/s", "95 % interval", "passes"),
        [
            [
                cell(w),
                cell(names[s]),
                cell(n, n),
                *interval_cells(geometric_interval(part["samples_per_second"])),
            ]
            for (w, s, n), part in groups
        ],
        is_folded=True,
    )

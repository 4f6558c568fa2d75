"""The durations of benchmarks that the suite knows nothing else about."""

from typing import Any

import numpy as np

from reports import canvas, frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell
from reports.wording import count, seconds

SECTION, ORDER = "timings", 10
MOST_LINES = 24


def slowest(run: Run) -> Frame:
    """Return the benchmarks of other suites with a positive median, slowest first."""
    frame = frames.configurations(run)
    plain = frame[(frame["topic"] == "") & frame["median"].gt(0) & np.isfinite(frame["median"])]
    return plain.sort_values("median", ascending=False, kind="stable").head(MOST_LINES)


def draw(run: Run) -> Any:
    """Draw median, quartiles and extremes of each, on one logarithmic axis."""
    frame = slowest(run)
    if frame.empty:
        return None
    import seaborn as sns

    figure, grid = canvas.panels(1, 1, 0.9 + 0.27 * len(frame))
    axes, lines = grid[0, 0], np.arange(len(frame))
    axes.hlines(lines, frame["min"], frame["max"], color=canvas.BLUE, linewidth=1.2)
    axes.hlines(lines, frame["q1"], frame["q3"], color=canvas.BLUE, linewidth=6, alpha=0.45)
    sns.scatterplot(
        x=frame["median"], y=lines, ax=axes, color=canvas.BLUE, s=42, edgecolor=canvas.PAPER, zorder=3
    )
    canvas.named_rows(axes, [canvas.label(name) for name in frame["name"]])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: seconds(value))
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    axes.set_xlabel("time per call (logarithmic)")
    return figure


def title(run: Run) -> str:
    """Return the slowest benchmark and its median."""
    frame = slowest(run)
    first = frame.iloc[0]
    if len(frame) == 1:
        return f"{canvas.label(first['name'])} takes {seconds(first['median'])} (median)"
    total = int((frames.configurations(run)["topic"] == "").sum())
    name, median = canvas.label(first["name"]), seconds(first["median"])
    return f"{name} is the slowest of {total:,} benchmarks: {median} (median)"


def caption(run: Run) -> str:
    """Return how to read a line."""
    shown = count(len(slowest(run)), "benchmark")
    return (
        f"{shown}, slowest first. Dots are medians over rounds, thick bars reach from the first to the "
        "third quartile, thin lines from the quickest to the slowest round. Rounds of one run share the "
        "state of the machine: their spread is no confidence interval, and no ground to call two benchmarks "
        "different."
    )


def table(run: Run) -> Table:
    """Return what is drawn."""
    columns = ("min", "q1", "median", "q3", "max")
    return Table(
        "Times per call",
        ("benchmark", *columns, "rounds"),
        [
            [
                cell(r["name"]),
                *(cell(seconds(r[c]), r[c]) for c in columns),
                cell(f"{r['rounds']:,.0f}", r["rounds"]),
            ]
            for _, r in slowest(run).iterrows()
        ],
        is_folded=True,
    )

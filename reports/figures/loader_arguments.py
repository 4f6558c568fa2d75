"""What single arguments of a DataLoader change: throughput over that of the first value, pass by pass."""

from typing import Any

import numpy as np

from diagnostics.intervals import geometric_interval
from reports import canvas, frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, span

SECTION, ORDER = "loader", 20
KEYS = ("workload", "device", "start_method", "num_workers", "argument")


def ratios(run: Run) -> Frame:
    """Return throughput over the first value's in the same pass, a row a value and pass.

    The first value of an argument is what torch does where nothing is said, or the workload's own.
    """
    frame = frames.passes(run, "loader_settings")
    if frame.empty or not {*KEYS, "value", "samples_per_second"} <= set(frame.columns):
        return frame.iloc[:0]
    frame = frame.assign(value=frame["value"].astype(str)).sort_values(["configuration", "pass"])
    frame["than"] = frame.groupby(list(KEYS))["value"].transform("first")
    is_first = frame["value"] == frame["than"]
    base = frame[is_first].set_index([*KEYS, "pass"])["samples_per_second"].rename("base")
    merged = frame[~is_first].join(base, on=[*KEYS, "pass"])
    texts = merged[["workload", "argument", "value"]].astype(str)
    merged["where"] = texts["workload"].map(canvas.label) + ": " + texts["argument"] + "=" + texts["value"]
    merged["ratio"] = merged["samples_per_second"] / merged["base"]
    return merged[merged["ratio"].between(0, np.inf, "neither")]


def draw(run: Run) -> Any:
    """Draw the ratio of every value, with the line where nothing changes."""
    frame = ratios(run)
    if frame.empty:
        return None
    order = list(dict.fromkeys(frame["where"]))
    figure, grid = canvas.panels(1, 1, 0.7 + 0.42 * len(order))
    look: Any = {"hue": "where", "palette": dict.fromkeys(order, canvas.BLUE), "is_rate": True}
    canvas.bars(grid[0, 0], frame, "ratio", "where", order=order, **look)
    grid[0, 0].axvline(1, color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2)
    grid[0, 0].set(xlabel="throughput over that of the first value")
    return figure


def title(run: Run) -> str:
    """Return the argument that changed most."""
    frame = ratios(run)
    means = frame.groupby("where", sort=False)["ratio"].apply(canvas.geometric_mean)
    most = means.map(lambda ratio: max(ratio, 1 / ratio)).idxmax()
    than = frame.loc[frame["where"] == most, "than"].iloc[0]
    interval = geometric_interval(frame.loc[frame["where"] == most, "ratio"])
    return f"{most} gives ×{number(interval.estimate)} of {than} ({span(interval, digits=3)})"


def caption(run: Run) -> str:
    """Return what is compared."""
    frame = ratios(run)
    passes = count(frame["pass"].nunique(), "pass")
    workers = " or ".join(str(int(n)) for n in sorted(frame["num_workers"].unique()))
    return (
        "Longer is better; the dotted line is no change. Each value of an argument is measured beside the "
        f"first value in every pass ({passes}), all else equal, with {workers} workers: rings are the single "
        "passes' ratios, whiskers the 95 % interval of their geometric mean. "
        "`in_order=False` lets quick workers go on while one is held up by a slow sample; a larger batch "
        "crosses the process boundary less often."
    )


def table(run: Run) -> Table:
    """Return every ratio with its interval."""
    groups = ratios(run).groupby([*KEYS, "than", "value"], sort=False)
    return Table(
        "Single arguments",
        ("workload", "workers", "argument", "value", "than", "throughput ratio", "95 % interval", "passes"),
        [
            [
                *(cell(workload), cell(int(workers), int(workers)), cell(argument), cell(value), cell(than)),
                *interval_cells(geometric_interval(part["ratio"])),
            ]
            for (workload, _, _, workers, argument, than, value), part in groups
        ],
        is_folded=True,
    )

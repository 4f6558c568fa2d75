"""What holding data in the dataset costs each worker: memory that grows while it reads, bytes pickled."""

from typing import Any

from diagnostics.intervals import mean_interval
from reports import canvas, frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, percent, size

SECTION, ORDER = "startup", 30
MIB = 2**20
HELD_BYTES = 64 * MIB
NAMES = {"list": "list of bytes", "array": "numpy array"}
COLOURS = {"list of bytes": canvas.ORANGE, "numpy array": canvas.BLUE}


def grown(run: Run) -> Frame:
    """Return the passes of datasets that hold 64 MiB, with the growth of each worker's own memory in MiB."""
    frame = frames.passes(run, "loader_startup")
    if frame.empty or not {"held", "start_method", "uss_growth_bytes_per_worker"} <= set(frame.columns):
        return frame.iloc[:0]
    frame = frame[frame["held"].isin(list(NAMES)) & frame["uss_growth_bytes_per_worker"].notna()]
    frame = frame[frame["num_workers"] == frame["num_workers"].max()]
    held = frame["held"].map(NAMES)
    return frame.assign(
        held=held,
        where=held + ", " + frame["start_method"].map(canvas.label),
        mib=frame["uss_growth_bytes_per_worker"] / MIB,
    )


def draw(run: Run) -> Any:
    """Draw the growth over one epoch of every way to hold the data."""
    frame = grown(run)
    if frame.empty:
        return None
    order = list(dict.fromkeys(frame.sort_values(["start_method", "held"], ascending=[True, False])["where"]))
    figure, grid = canvas.panels(1, 1, 0.7 + 0.42 * len(order))
    canvas.bars(grid[0, 0], frame, "mib", "where", order=order, hue="held", palette=COLOURS)
    grid[0, 0].set(xlabel="growth of a worker's own memory (USS) over an epoch, MiB")
    return figure


def title(run: Run) -> str:
    """Return the growth under the first start method."""
    frame = grown(run)
    first = frame[frame["start_method"] == frame["start_method"].iloc[0]]
    means = first.groupby("held")["uss_growth_bytes_per_worker"].mean()
    told = [f"{size(max(0.0, growth))} with a {held}" for held, growth in means.sort_values().items()]
    return f"Over an epoch each worker grows by {' and by '.join(told)} of {size(HELD_BYTES)}"


def caption(run: Run) -> str:
    """Return why memory grows by reading."""
    passes = count(grown(run)["pass"].nunique(), "pass")
    return (
        "Shorter is better. A forked worker shares the dataset's pages until somebody writes to them, and "
        "Python writes when it reads: taking an object out of a list counts a reference in its header. A "
        "numpy array is one object, whose numbers have no headers, and stays shared. With spawn and "
        "forkserver the data are pickled for every worker instead, whatever holds them. Rings are the single "
        f"passes ({passes}), whiskers the 95 % interval of their mean."
    )


def table(run: Run) -> Table:
    """Return growth, its share of the data and the bytes pickled."""
    lines = [
        [
            cell(held),
            cell(method),
            *interval_cells(mean_interval(part["uss_growth_bytes_per_worker"]), 1 / MIB),
            cell(percent(part["uss_growth_bytes_per_worker"].mean() / HELD_BYTES)),
            *(
                cell(number(part[c].median() / MIB), part[c].median())
                for c in ("pickled_bytes_per_worker", "pss_bytes_per_worker")
                if c in part
            ),
        ]
        for (held, method), part in grown(run).groupby(["held", "start_method"], sort=False)
    ]
    columns = (
        "64 MiB held as",
        "start method",
        "USS growth, MiB",
        "95 % interval",
        "passes",
        "share of the data",
    )
    extra = ("pickled per worker, MiB", "PSS per worker, MiB")[: len(lines[0]) - len(columns)]
    return Table("Memory of workers that read", (*columns, *extra), lines, is_folded=True)

"""How fast copies between host and GPU run against their size, and what the link itself gives."""

from typing import Any

from matplotlib.ticker import NullFormatter

from diagnostics.intervals import geometric_interval
from diagnostics.quantities import format_quantity
from reports import canvas, frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, percent

SECTION, ORDER = "transfers", 10
KEYS = ("device", "direction", "memory", "size_bytes")
DIRECTIONS = {"to_device": "host to device", "to_host": "device to host"}
MEMORY = {"pageable": (canvas.ORANGE, "s"), "pinned": (canvas.BLUE, "o")}
GB, ENOUGH = 1e9, 0.8


def copied(run: Run) -> Frame:
    """Return the passes of copies, a row a copy and pass, paces in gigabytes (10^9 bytes) a second."""
    frame = frames.passes(run, "transfers")
    needed = {*KEYS, "bytes_per_second", "link_bytes_per_second", "link_fraction"}
    if frame.empty or not needed <= set(frame.columns):
        return frame.iloc[:0]
    frame = frame[frame["bytes_per_second"].gt(0) & frame["memory"].isin(MEMORY)]
    frame = frame[frame["direction"].isin(DIRECTIONS)]
    return frame.assign(pace=frame["bytes_per_second"] / GB, link=frame["link_bytes_per_second"] / GB)


def draw(run: Run) -> Any:
    """Draw pace against size, a panel a direction and device, a line a kind of memory, the link dotted."""
    frame = copied(run)
    if frame.empty:
        return None
    panels = list(frame.groupby(["device", "direction"], sort=False))
    figure, grid = canvas.panels(len(panels), 1, 2.6 * len(panels), sharex=True)
    for axes, ((device, direction), part) in zip(grid[:, 0], panels, strict=True):
        for memory, line in part.groupby("memory", sort=False):
            colour, marker = MEMORY[memory]
            paces = line.groupby("size_bytes")["pace"].apply(canvas.geometric_mean)
            axes.plot(paces.index, paces, color=colour, marker=marker, label=memory)
        axes.axhline(part["link"].median(), color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2)
        axes.set(title=f"{DIRECTIONS[direction]}, {canvas.label(device)}", ylabel="GB/s", ylim=(0, None))
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted(part["size_bytes"].unique()))
        axes.xaxis.set_major_formatter(lambda value, _: format_quantity(value, "bytes"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    grid[-1, 0].set(xlabel="size of a copy (log scale)")
    kinds = list(frame["memory"].unique())
    canvas.key(figure, kinds, [{"color": MEMORY[one][0], "marker": MEMORY[one][1]} for one in kinds])
    return figure


def title(run: Run) -> str:
    """Return the link's pace, and the smallest pinned copy that comes near it."""
    frame = copied(run)
    part = frame[frame["direction"] == frame["direction"].iloc[0]]
    link = f"The link gives {number(part['link'].median())} GB/s {DIRECTIONS[part['direction'].iloc[0]]}"
    pinned = part[part["memory"] == "pinned"].groupby("size_bytes")["link_fraction"].median()
    near = pinned[pinned >= ENOUGH]
    if near.empty:
        return f"{link}; no copy measured reaches {percent(ENOUGH)} of it"
    smallest = format_quantity(int(near.index[0]), "bytes")
    return f"{link}; pinned copies reach {percent(ENOUGH)} of it from {smallest} on"


def caption(run: Run) -> str:
    """Return what the line and the points are."""
    passes = count(copied(run)["pass"].nunique(), "pass")
    return (
        "Higher is faster. The dotted line is the link: a pinned copy of 64 MiB in the same direction, timed "
        "in turns with every other. Small copies are bound by what starting one costs; pageable memory is "
        "copied twice, first into a pinned buffer of the driver's. `DataLoader(pin_memory=True)` does that "
        f"first copy in a thread. Points are geometric means over {passes}, by the device's own clock."
    )


def table(run: Run) -> Table:
    """Return the pace of every copy and its share of the link."""
    lines = [
        [
            *(cell(name) for name in names[:3]),
            cell(format_quantity(int(names[3]), "bytes"), names[3]),
            *interval_cells(geometric_interval(part["pace"])),
            cell(percent(part["link_fraction"].median()), part["link_fraction"].median()),
        ]
        for names, part in copied(run).groupby(list(KEYS), sort=False)
    ]
    columns = ("device", "direction", "memory", "size", "GB/s", "95 % interval", "passes", "of the link")
    return Table("Copies between host and device", columns, lines, is_folded=True)

"""Samples per second against the number of workers, one panel a workload, one line a start method."""

from typing import Any

import numpy as np

from diagnostics.intervals import geometric_interval
from reports import canvas, frames, headlines, looks
from reports.frames import Frame
from reports.headlines import IN_PROCESS
from reports.load import Run
from reports.looks import Look
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number

SECTION, ORDER = "loader", 10
MOST_COLUMNS = 3


def draw(run: Run) -> Any:
    """Draw the throughput of every start method, with the line that ideal scaling would follow."""
    loader = frames.loader(run)
    if loader.empty:
        return None
    workloads, methods = list(loader["workload"].unique()), looks.of_start_methods(loader["start_method"])
    columns = min(MOST_COLUMNS, len(workloads))
    num_rows = -(-len(workloads) // columns)
    figure, grid = canvas.panels(num_rows, columns, 0.5 + 3.0 * num_rows)
    for axes, workload in zip(grid.flat, workloads, strict=False):
        _draw_panel(axes, loader[loader["workload"] == workload], methods, headlines.usable_cores(run))
    for axes in grid.flat[len(workloads) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("samples per second")
    ideal = {"color": canvas.INK, "linestyle": (0, (1, 2)), "linewidth": 1.2}
    lines = [
        {"color": look.colour, "marker": look.marker, "linestyle": _line(method, look)}
        for method, look in methods.items()
    ]
    canvas.key(figure, [*methods, "ideal"], [*lines, ideal])
    return figure


def _line(method: str, look: Look) -> Any:
    return "none" if method == IN_PROCESS else canvas.line_style(look.dashes)


def _draw_panel(axes: Any, panel: Frame, methods: dict[str, Look], cores: float) -> None:
    import seaborn as sns

    shifts = panel["start_method"].map({method: look.shift for method, look in methods.items()})
    sns.lineplot(
        data=panel.assign(x=panel["num_workers"] + shifts),
        x="x",
        y="samples_per_second",
        hue="start_method",
        hue_order=list(methods),
        palette=looks.colours(methods),
        style="start_method",
        style_order=list(methods),
        markers={method: look.marker for method, look in methods.items()},
        dashes={method: look.dashes for method, look in methods.items()},
        markeredgecolor=canvas.PAPER,
        estimator=canvas.geometric_mean,
        errorbar=canvas.geometric_bounds,
        err_style="bars",
        err_kws={"capsize": 3, "elinewidth": 1.2},
        legend=False,
        ax=axes,
    )
    counts, ideal = _ideal(panel, cores)
    axes.plot(counts, ideal, color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2, zorder=1)
    axes.set(xlabel="workers (num_workers)", ylabel="", title=canvas.label(panel["workload"].iloc[0]))
    axes.set_xticks(sorted(panel["num_workers"].unique()))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 2) if value else "0")
    axes.grid(visible=False, axis="x")


def _ideal(panel: Frame, cores: float) -> tuple[np.ndarray, np.ndarray]:
    """Return min(workers, cores) times the throughput of one worker, from one worker on."""
    one = geometric_interval(panel.loc[panel["num_workers"] == 1, "samples_per_second"]).estimate
    counts = np.array(sorted({1, *panel.loc[panel["num_workers"] >= 1, "num_workers"], cores}), dtype=float)
    counts = counts[counts <= max(1, panel["num_workers"].max())]
    return counts, np.minimum(counts, cores) * one


def title(run: Run) -> str:
    """Return how many workers are enough for each workload."""
    first, *others = (
        (answer.num_workers, canvas.label(answer.workload), number(answer.throughput.estimate))
        for answer in headlines.workers(run)
    )
    are = "worker is" if first[0] == 1 else "workers are"
    told = [f"{first[0]} {are} enough for {first[1]} here: {first[2]} samples/s"]
    return "; ".join([*told, *(f"{workers} for {name}: {rate}" for workers, name, rate in others)])


def caption(run: Run) -> str:
    """Return how to read the lines."""
    cores = headlines.usable_cores(run)
    known = np.isfinite(cores)
    ideal = (
        f"min(workers, {cores:g} cores) times one worker"
        if known
        else "not drawn: the file names no usable cores"
    )
    return (
        "Higher is better. Each point is the geometric mean over "
        f"{count(frames.loader(run)['pass'].nunique(), 'pass')}, its bar the 95 % interval over passes. At "
        f"0 workers the training process loads its own data. The dotted line is ideal scaling ({ideal}): a "
        "line that leaves it has met something other than the cores; waiting for storage may rise above it, "
        "because it needs no core."
    )


def table(run: Run) -> Table:
    """Return samples per second of every configuration."""
    groups = frames.loader(run).groupby(["workload", "start_method", "num_workers"], sort=False)
    return Table(
        "Throughput of every configuration",
        ("workload", "start method", "workers", "samples/s", "95 % interval", "passes"),
        [
            [cell(w), cell(m), cell(n, n), *interval_cells(geometric_interval(part["samples_per_second"]))]
            for (w, m, n), part in groups
        ],
        is_folded=True,
    )

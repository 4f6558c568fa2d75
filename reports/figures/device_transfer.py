"""What loading and copying add to a step on the GPU, for every way to bring batches over."""

from typing import Any

from diagnostics.intervals import mean_interval
from reports import canvas, frames
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, seconds

SECTION, ORDER = "transfers", 20
KEYS = ("device", "workload", "num_workers", "step_seconds", "transfer")
FIGURES = ("main_thread_cpu_seconds_per_batch", "other_threads_cpu_seconds_per_batch", "issue_p50_seconds")
MOST_BARS = 32


def stepped(run: Run) -> Frame:
    """Return the passes of loaders read to a GPU beside a step, `exposed` in milliseconds a batch."""
    frame = frames.passes(run, "loader_device")
    needed = {*KEYS, "exposed_seconds_per_batch", "samples_per_second"}
    if frame.empty or not needed <= set(frame.columns):
        return frame.iloc[:0]
    frame = frame[frame["step_seconds"].gt(0) & frame["exposed_seconds_per_batch"].ge(0)]
    where = frame["transfer"].astype(str) + ", " + frame["num_workers"].map(lambda n: count(int(n), "worker"))
    if frame["device"].nunique() > 1:
        where += ", " + frame["device"]
    return frame.assign(where=where, exposed=1e3 * frame["exposed_seconds_per_batch"])


def draw(run: Run) -> Any:
    """Draw what each way leaves exposed."""
    frame = stepped(run)
    if frame.empty:
        return None
    order = list(frame["where"].unique())[:MOST_BARS]
    frame = frame[frame["where"].isin(order)]
    figure, grid = canvas.panels(1, 1, 0.8 + 0.36 * len(order))
    palette = dict.fromkeys(order, canvas.BLUE)
    canvas.bars(grid[0, 0], frame, "exposed", "where", order=order, hue="where", palette=palette)
    grid[0, 0].set(xlabel="ms a batch that the step does not hide")
    return figure


def title(run: Run) -> str:
    """Return the ways that leave the least and the most exposed."""
    frame = stepped(run)
    means = frame.groupby("where", sort=False)["exposed_seconds_per_batch"].mean()
    step = frame["step_seconds"].median()
    return (
        f"Beside a step of {seconds(step)}, {means.idxmin()} adds {seconds(means.min())} a batch, "
        f"{means.idxmax()} {seconds(means.max())}"
    )


def caption(run: Run) -> str:
    """Return what is exposed, and what the ways are."""
    passes = count(stepped(run)["pass"].nunique(), "pass")
    return (
        "Shorter is better: time a batch beyond the step's own, which was timed alone in the same pass. What "
        "runs beside the step costs nothing. pageable copies wait for the GPU; pinned ones come from memory "
        "that a thread of the DataLoader has locked; non_blocking lets the host go on; prefetched copies run "
        f"on a stream of their own, beside the step before. Rings are the single passes ({passes}), whiskers "
        "the 95 % interval of their mean."
    )


def table(run: Run) -> Table:
    """Return what is exposed, the pace, and what it costs the main process."""
    lines = []
    for names, part in stepped(run).groupby(["where", "workload"], sort=False):
        rate = part["samples_per_second"].median()
        host = [float(part[name].median()) if name in part else float("nan") for name in FIGURES]
        lines.append(
            [
                *(cell(name) for name in names),
                *interval_cells(mean_interval(part["exposed"])),
                cell(number(rate), rate),
                *(cell(seconds(value), value) for value in host),
            ]
        )
    columns = ("transfer", "workload", "exposed, ms", "95 % interval", "passes", "samples/s")
    hosts = ("main thread CPU a batch", "other threads CPU a batch", "issuing a batch")
    return Table("Loading to the device beside a step", (*columns, *hosts), lines, is_folded=True)

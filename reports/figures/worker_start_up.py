"""What starting a set of workers costs: seconds until all deliver, and memory of each."""

from typing import Any

from diagnostics.intervals import geometric_interval
from reports import canvas, frames, looks
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, seconds

SECTION, ORDER = "startup", 20
MIB = 2**20


def started(run: Run) -> Frame:
    """Return the passes of the largest set of workers for a dataset that holds nothing."""
    frame = frames.passes(run, "loader_startup")
    needed = {"held", "start_method", "num_workers", "all_workers_seconds"}
    if frame.empty or not needed <= set(frame.columns):
        return frame.iloc[:0]
    frame = frame[(frame["held"] == "nothing") & frame["all_workers_seconds"].gt(0)]
    return frame[frame["num_workers"] == frame["num_workers"].max()]


def draw(run: Run) -> Any:
    """Draw seconds and PSS of every start method side by side."""
    frame = started(run)
    if frame.empty:
        return None
    methods = looks.of_start_methods(frame["start_method"])
    look: Any = {
        "hue": "start_method",
        "palette": looks.colours(methods),
        "order": list(methods),
        "is_rate": True,
    }
    has_memory = "pss_bytes_per_worker" in frame
    figure, grid = canvas.panels(1, 1 + has_memory, 0.8 + 0.42 * len(methods), sharey="row")
    canvas.bars(grid[0, 0], frame, "all_workers_seconds", "start_method", **look)
    grid[0, 0].set(xlabel="seconds until all workers deliver")
    if has_memory:
        memory = frame.assign(pss_mib=frame["pss_bytes_per_worker"] / MIB)
        canvas.bars(grid[0, 1], memory, "pss_mib", "start_method", **look)
        grid[0, 1].set(xlabel="memory of each worker, MiB (PSS)")
    return figure


def title(run: Run) -> str:
    """Return the quickest and the slowest set."""
    frame = started(run)
    times = frame.groupby("start_method")["all_workers_seconds"].apply(canvas.geometric_mean).sort_values()
    workers = count(int(frame["num_workers"].iloc[0]), "worker")
    slowest = f", by {times.index[-1]} after {seconds(times.iloc[-1])}" if len(times) > 1 else ""
    return f"{workers} deliver after {seconds(times.iloc[0])} when started by {times.index[0]}{slowest}"


def caption(run: Run) -> str:
    """Return what is started, and what the preload is."""
    frame = started(run)
    served = (
        frame["server_start_seconds"].dropna() if "server_start_seconds" in frame else frame["seconds"][:0]
    )
    preload = (
        f" Starting the server itself took up to {seconds(served.max())}, once a program."
        if len(served)
        else ""
    )
    passes = count(frame["pass"].nunique(), "pass")
    return (
        "Shorter is better. Workers of a dataset that holds nothing, out of a process that has imported "
        "torch: what is seen is the start method alone. They start one after another, and without a preload "
        'each imports torch anew; `multiprocessing.set_forkserver_preload(["torch", "torch.utils.data", '
        f'"numpy", "__main__"])` has the server import it once.{preload} PSS counts shared memory in shares, '
        f"so that the workers' sum is what they really take. Rings are the single passes ({passes}), "
        "whiskers the 95 % interval of their geometric mean."
    )


def table(run: Run) -> Table:
    """Return times, memory and stopping of every start method."""
    lines = []
    for method, part in started(run).groupby("start_method", sort=False):
        extra = [_median(part, "first_batch_seconds"), _median(part, "shutdown_seconds")]
        memory = [_median(part, f"{kind}_bytes_per_worker") / MIB for kind in ("pss", "uss")]
        lines.append(
            [
                cell(method),
                *interval_cells(geometric_interval(part["all_workers_seconds"])),
                *(cell(number(value), value) for value in (*extra, *memory)),
            ]
        )
    columns = ("start method", "all workers, s", "95 % interval", "passes", "first batch, s", "stop, s")
    return Table(
        "Starting workers",
        (*columns, "PSS per worker, MiB", "USS per worker, MiB"),
        lines,
        is_folded=True,
    )


def _median(part: Frame, column: str) -> float:
    return float(part[column].median()) if column in part else float("nan")

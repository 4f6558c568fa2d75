"""What a start method costs once, and what it gives from then on."""

from typing import Any

import pandas as pd

from diagnostics.intervals import geometric_interval
from reports import canvas, frames, looks
from reports.frames import Column, Frame
from reports.headlines import IN_PROCESS
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, seconds

SECTION, ORDER = "startup", 10
MOST_ROWS = 4


def compared(run: Run) -> Frame:
    """Return the loader's passes at the worker count that most start methods share, where several do."""
    loader = frames.loader(run)
    if loader.empty:
        return loader
    started = loader[(loader["start_method"] != IN_PROCESS) & loader["first_batch_seconds"].gt(0)]
    kept = []
    for _, part in started.groupby("workload", sort=False):
        methods = part.groupby("num_workers")["start_method"].nunique()
        if not methods.empty and methods.max() > 1:
            kept.append(part[part["num_workers"] == methods.idxmax()])
    return pd.concat(kept) if kept else started.iloc[:0]


def draw(run: Run) -> Any:
    """Draw time to first batch and steady throughput side by side, a row a workload."""
    chosen = compared(run)
    if chosen.empty:
        return None
    workloads = list(chosen["workload"].unique())[:MOST_ROWS]
    figure, grid = canvas.panels(len(workloads), 2, 0.3 + 1.75 * len(workloads), sharey="row")
    for (left, right), workload in zip(grid, workloads, strict=True):
        part = chosen[chosen["workload"] == workload]
        methods = looks.of_start_methods(part["start_method"])
        look: Any = {
            "hue": "start_method",
            "palette": looks.colours(methods),
            "order": list(methods),
            "is_rate": True,
        }
        starts = part.drop_duplicates(["start_method", "first_batch_seconds"])
        canvas.bars(left, starts, "first_batch_seconds", "start_method", **look)
        canvas.bars(right, part, "samples_per_second", "start_method", **look)
        workers = count(int(part["num_workers"].iloc[0]), "worker")
        left.set(title=f"{canvas.label(workload)}, {workers}: start", xlabel="seconds to the first batch")
        right.set(title="then", xlabel="samples per second")
        right.xaxis.set_major_formatter(lambda value, _: number(value, 2) if value else "0")
    return figure


def _starts(run: Run) -> Column:
    chosen = compared(run)
    first = chosen[chosen["workload"] == chosen["workload"].iloc[0]]
    by_method = first.groupby("start_method")["first_batch_seconds"]
    return by_method.apply(canvas.geometric_mean).sort_values()


def title(run: Run) -> str:
    """Return the quickest and the slowest start with their times."""
    starts = _starts(run)
    workers = count(int(compared(run)["num_workers"].iloc[0]), "worker")
    return (
        f"{workers} started by {starts.index[0]} give the first batch after {seconds(starts.iloc[0])}, "
        f"by {starts.index[-1]} after {seconds(starts.iloc[-1])}"
    )


def caption(run: Run) -> str:
    """Return what the two columns mean."""
    passes = count(compared(run)["pass"].nunique(), "pass")
    starts = compared(run).groupby(["workload", "start_method"])["first_batch_seconds"].nunique()
    once = " It was timed once, so it has no interval." if starts.max() == 1 else ""
    return (
        "Left, shorter is better: the wait before the first batch of an epoch, paid again in every epoch "
        f"unless `persistent_workers=True`.{once} Right, longer is better: the pace once the workers are up. "
        f"Rings are the single passes ({passes}), bars their geometric mean, whiskers its 95 % interval; "
        "bars start at zero. `fork` copies the process, `spawn` and `forkserver` start Python afresh and "
        'import your script again, so a script for them needs `if __name__ == "__main__":`.'
    )


def table(run: Run) -> Table:
    """Return both quantities and the memory of a worker."""
    lines = []
    for (workload, method, workers), part in compared(run).groupby(
        ["workload", "start_method", "num_workers"], sort=False
    ):
        memory = part["pss_bytes_per_worker"].median() / 2**20
        lines.append(
            [
                *(cell(workload), cell(method), cell(workers, workers)),
                *interval_cells(geometric_interval(part["first_batch_seconds"].unique()))[:2],
                *interval_cells(geometric_interval(part["samples_per_second"])),
                cell(number(memory), memory),
            ]
        )
    columns = (
        "workload",
        "start method",
        "workers",
        "first batch, s",
        "95 % interval",
        "samples/s",
        "95 % interval",
    )
    return Table("Start and pace", (*columns, "passes", "PSS per worker, MiB"), lines, is_folded=True)

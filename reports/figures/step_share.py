"""The share of a training step that batch norm and dropout take."""

from typing import Any

from diagnostics.intervals import mean_interval
from reports import canvas, frames, headlines
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import capitalized, count, listed, percent, seconds

SECTION, ORDER = "layers", 10
COLOURS = {"batch norm": canvas.BLUE, "dropout": canvas.ORANGE}


def draw(run: Run) -> Any:
    """Draw the share of every layer and device, in percent of the step."""
    steps = frames.steps(run)
    if steps.empty:
        return None
    several = steps["device"].nunique() > 1
    where = steps["layer"] + ", " + steps["device"].map(canvas.label) if several else steps["layer"]
    placed = steps.assign(percent=100 * steps["share_of_step"], where=where)
    order = sorted(where.unique())
    figure, grid = canvas.panels(1, 1, 0.7 + 0.42 * len(order))
    canvas.bars(grid[0, 0], placed, "percent", "where", order=order, hue="layer", palette=COLOURS)
    grid[0, 0].set(xlabel="share of a training step of a small CNN, %")
    return figure


def title(run: Run) -> str:
    """Return the shares."""
    costs = headlines.step_costs(run)
    several = len({cost.device for cost in costs}) > 1
    told = [
        f"{c.layer} takes {percent(c.share.estimate)}{f' on {canvas.label(c.device)}' if several else ''}"
        for c in costs
    ]
    sentence = listed(told) + " of a training step here"
    return capitalized(sentence)


def caption(run: Run) -> str:
    """Return what is compared with what."""
    return (
        "A training step (forward, loss, backward, update) of a small convolutional network is timed with "
        "the layer and without it, in turns; the share is what the step loses when the layer goes. Rings "
        f"are the single passes ({count(frames.steps(run)['pass'].nunique(), 'pass')}), whiskers the 95 % "
        "interval of their mean."
    )


def table(run: Run) -> Table:
    """Return the shares and the two durations."""
    groups = frames.steps(run).groupby(["layer", "device"])
    return Table(
        "Share of a training step",
        ("layer", "device", "share, %", "95 % interval", "passes", "step with it", "without it"),
        [
            [
                cell(layer),
                cell(device),
                *interval_cells(mean_interval(part["share_of_step"]), 100),
                *(cell(seconds(part[c].median()), part[c].median()) for c in ("seconds", "without")),
            ]
            for (layer, device), part in groups
        ],
        is_folded=True,
    )

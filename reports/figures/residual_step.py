"""The share of a residual network's step that batch norm and dropout take, in every way to run it."""

from typing import Any

import numpy as np

from diagnostics.intervals import mean_interval
from reports import canvas, frames
from reports.figures.step_share import COLOURS
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import capitalized, count, percent, seconds

SECTION, ORDER = "layers", 50
TOPICS = {"batchnorm_resnet_step": "batch norm", "dropout_resnet_step": "dropout"}
KEYS = ("layer", "device", "variant")


def shares(run: Run) -> Frame:
    """Return a row a layer, variant and pass, with the share in percent."""
    joined = frames.by_layer(run, TOPICS, "device", "variant", "share_of_step")
    if joined.empty:
        return joined
    joined[list(KEYS)] = joined[list(KEYS)].astype(str)
    joined = joined[np.isfinite(joined["share_of_step"])]
    several = joined["device"].nunique() > 1
    names = joined["layer"].str.cat(joined["variant"], sep=" · ")
    joined["where"] = names + " · " + joined["device"].map(canvas.label) if several else names
    return joined.assign(percent=100 * joined["share_of_step"])


def draw(run: Run) -> Any:
    """Draw the share of every layer, variant and device."""
    frame = shares(run)
    if frame.empty:
        return None
    order = list(frame["where"].unique())
    figure, grid = canvas.panels(1, 1, 0.7 + 0.36 * len(order))
    canvas.bars(grid[0, 0], frame, "percent", "where", order=order, hue="layer", palette=COLOURS)
    lowest = min(0.0, 1.08 * frame["percent"].min())  # without the layer a step can take longer
    grid[0, 0].set(xlabel="share of a training step of an 18-layer residual network, %", xlim=(lowest, None))
    return figure


def title(run: Run) -> str:
    """Return the largest and the smallest share."""
    means = shares(run).groupby("where", sort=False)["share_of_step"].mean()
    told = f"{means.idxmax()} takes {percent(means.max())} of a residual network's step"
    told += f", {means.idxmin()} {percent(means.min())}" if len(means) > 1 else ""
    return capitalized(told)


def caption(run: Run) -> str:
    """Return what is compared with what."""
    passes = count(shares(run)["pass"].nunique(), "pass")
    return (
        "A training step of an 18-layer residual network is timed with the layer after every convolution "
        "and without it, in turns, both run the same way: eager, with channels innermost, under bf16 "
        "autocast, or through `torch.compile`. The share is what the step loses when the layer goes. Rings "
        f"are the single passes ({passes}), whiskers the 95 % interval of their mean."
    )


def table(run: Run) -> Table:
    """Return the shares and the two durations."""
    lines = [
        [
            *(cell(name) for name in names),
            *interval_cells(mean_interval(part["share_of_step"]), 100),
            *(
                cell(seconds(part[column].median()), part[column].median())
                for column in ("seconds", "companion_without_seconds")
                if column in part
            ),
        ]
        for names, part in shares(run).groupby(list(KEYS), sort=False)
    ]
    columns = (*KEYS, "share, %", "95 % interval", "passes", "step with it", "without it")
    return Table("Share of a residual network's step", columns, lines, is_folded=True)

"""How close single layers come to the roof that copying memory sets."""

from typing import Any

from diagnostics.intervals import geometric_interval, mean_interval
from reports import canvas, frames
from reports.figures.step_share import COLOURS
from reports.frames import Column, Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import capitalized, count, listed, percent, seconds, shorten

SECTION, ORDER = "layers", 20
MOST_BARS = 32


def bounded(run: Run) -> Frame:
    """Return the layers that must move memory; dropout in evaluation is the identity and has no roof."""
    layers = frames.layers(run)
    return layers if layers.empty else layers[layers["roof_fraction"] > 0]


def _where(frame: Frame) -> Column:
    columns = ["shape", "mode", "direction", *(["device"] if frame["device"].nunique() > 1 else [])]
    joined = frame["layer"].str.cat([frame[column] for column in columns], sep=" · ")
    return joined.map(lambda text: shorten(text, 64))


def draw(run: Run) -> Any:
    """Draw the share of the copy bandwidth that every layer reaches."""
    layers = bounded(run)
    if layers.empty:
        return None
    placed = layers.assign(percent=100 * layers["roof_fraction"], where=_where(layers))
    order = list(placed["where"].unique())[:MOST_BARS]
    placed = placed[placed["where"].isin(order)]
    figure, grid = canvas.panels(1, 1, 0.8 + 0.3 * len(order))
    axes = grid[0, 0]
    canvas.bars(axes, placed, "percent", "where", order=order, hue="layer", palette=COLOURS)
    axes.axvline(100, color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2)
    axes.set(xlabel="% of a plain copy's bandwidth", xlim=(0, max(106, 1.08 * placed["percent"].max())))
    return figure


def _training(run: Run) -> Frame:
    layers = bounded(run)
    training = layers[(layers["mode"] == "train") & layers["direction"].str.contains("backward")]
    return training if len(training) else layers


def title(run: Run) -> str:
    """Return the share of the roof in training."""
    reached = _training(run).groupby("layer")["roof_fraction"]
    told = [f"{layer} reaches {percent(geometric_interval(part).estimate)}" for layer, part in reached]
    sentence = listed(told) + " of the speed of a plain copy in training"
    return capitalized(sentence)


def caption(run: Run) -> str:
    """Return what the roof is."""
    return (
        "These layers do little arithmetic: what bounds them is how fast memory moves. The dotted roof is a "
        "copy of the same tensor, timed in turns with the layer; a short bar means that a better kernel or "
        "a fused one would be faster. Rings are the single passes "
        f"({count(bounded(run)['pass'].nunique(), 'pass')}), whiskers the 95 % interval of their mean."
    )


def table(run: Run) -> Table:
    """Return seconds per call, the share of the roof and the bytes kept for the backward pass."""
    layers = frames.layers(run)
    groups = layers.groupby(["layer", "device", "shape", "mode", "direction"], sort=False)
    return Table(
        "Cost per call of every layer",
        (
            "layer",
            "device",
            "shape",
            "mode",
            "direction",
            "per call",
            "share of the roof, %",
            "95 % interval",
            "passes",
        ),
        [
            [
                *(cell(name) for name in names),
                cell(seconds(part["seconds"].median()), part["seconds"].median()),
                *interval_cells(mean_interval(part["roof_fraction"]), 100),
            ]
            for names, part in groups
        ],
        is_folded=True,
    )

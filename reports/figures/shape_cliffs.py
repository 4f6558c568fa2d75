"""What a layer costs an element against its size, and the cliffs between neighbouring shapes."""

from math import ceil, floor, log10, prod
from typing import Any

from matplotlib.ticker import NullFormatter

from reports import canvas, frames
from reports.cliffs import CLIFF, Cliff, cliffs
from reports.figures.step_share import COLOURS
from reports.frames import Column, Frame
from reports.load import Run
from reports.parts import Table, cell
from reports.wording import count, number, seconds

SECTION, ORDER = "layers", 60
TOPICS = {"batchnorm_shapes": "batch norm", "dropout_shapes": "dropout"}
KEYS = ["layer", "device", "kind"]
MARKERS = dict(zip(COLOURS, canvas.MARKERS, strict=False))


def swept(run: Run) -> Frame:
    """Return a row a shape and pass, with its kind, `num_elements` and nanoseconds an element."""
    joined = frames.by_layer(run, TOPICS, "device", "shape")
    if joined.empty:
        return joined
    joined["num_elements"] = joined["shape"].map(_num_elements)
    joined = joined[joined["num_elements"].gt(0) & joined["seconds"].gt(0)]
    kind = joined["shape"].map(lambda shape: str(shape).partition("-")[0])
    return joined.assign(kind=kind, nanoseconds=1e9 * joined["seconds"] / joined["num_elements"])


def _num_elements(shape: object) -> int:
    parts = str(shape).partition("-")[2].split("x")
    return (
        prod(int(part) for part in parts) if all(part.isdecimal() and len(part) < 10 for part in parts) else 0
    )


def draw(run: Run) -> Any:
    """Draw nanoseconds an element against the number of elements, a panel a device and kind of shape."""
    frame = swept(run)
    if frame.empty:
        return None
    panels = list(frame.groupby(["device", "kind"], sort=False))
    figure, grid = canvas.panels(len(panels), 1, 2.5 * len(panels), sharex=True)
    for axes, ((device, kind), part) in zip(grid[:, 0], panels, strict=True):
        for layer, line in part.groupby("layer", sort=False):
            costs = line.groupby(["num_elements", "shape"])["nanoseconds"].apply(canvas.geometric_mean)
            sizes = costs.index.get_level_values("num_elements")
            axes.plot(sizes, costs, color=COLOURS[layer], marker=MARKERS[layer], label=layer)
        axes.set(
            title=canvas.label(f"{kind}, {device}"), ylabel="ns an element (log)", xscale="log", yscale="log"
        )
        for axis in (axes.xaxis, axes.yaxis):  # the page's texts are no formulas, which log axes would write
            axis.set_major_formatter(lambda value, _: number(value, 2))
            axis.set_minor_formatter(NullFormatter())
        axes.set_ylim(*_decades(part["nanoseconds"]))
    grid[-1, 0].set(xlabel="elements (log scale)")
    layers = list(frame["layer"].unique())
    canvas.key(figure, layers, [{"color": COLOURS[one], "marker": MARKERS[one]} for one in layers])
    return figure


def _decades(costs: Column) -> tuple[float, float]:
    """Return limits that hold two powers of ten at least, so that the axis has numbers."""
    return 10 ** floor(log10(costs.min())), 10 ** max(ceil(log10(costs.max())), floor(log10(costs.min())) + 1)


def found(run: Run) -> list[Cliff]:
    """Return the cliffs of the run."""
    return cliffs(swept(run), KEYS)


def title(run: Run) -> str:
    """Return the steepest cliff, or that there is none."""
    steep = found(run)
    if not steep:
        shapes = count(swept(run)["shape"].nunique(), "shape")
        return f"No cliff of more than {CLIFF:g} times between the neighbours among {shapes}"
    first = steep[0]
    more = f"; {count(len(steep) - 1, 'more cliff')}" if len(steep) > 1 else ""
    return (
        f"A cliff: {first.group[0]} on {canvas.label(first.dear)} costs {number(first.factor)} times as much "
        f"an element as on {canvas.label(first.cheap)}{more}"
    )


def caption(run: Run) -> str:
    """Return what a cliff is."""
    told = [
        f"{' · '.join(one.group)}: {one.dear} {number(one.factor)} times {one.cheap}"
        for one in found(run)[:8]
    ]
    passes = count(swept(run)["pass"].nunique(), "pass")
    return (
        "Training, forward and backward: lower is better, and a flat line is what memory traffic alone would "
        f"give. A cliff is a shape that costs more than {CLIFF:g} times as much an element as its next "
        "smaller neighbour: pad or split it where you can. The first points of a line are high because "
        f"starting a call costs the same for any size. {'; '.join(told) or 'None was found'}. Points are "
        f"geometric means over {passes}."
    )


def table(run: Run) -> Table:
    """Return seconds and nanoseconds an element of every shape."""
    lines = [
        [
            *(cell(name) for name in names[:2]),
            cell(names[3]),
            cell(f"{names[2]:,}", names[2]),
            cell(seconds(part["seconds"].median()), part["seconds"].median()),
            cell(number(part["nanoseconds"].median()), part["nanoseconds"].median()),
        ]
        for names, part in swept(run).groupby(["layer", "device", "num_elements", "shape"])
    ]
    columns = ("layer", "device", "shape", "elements", "per call", "ns an element")
    return Table("Cost over shapes", columns, lines, is_folded=True)

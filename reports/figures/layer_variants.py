"""What doing a layer differently changes: its speed over that of the plain eager layer."""

from typing import Any

from diagnostics.intervals import Interval, geometric_interval
from reports import canvas, frames
from reports.figures.step_share import COLOURS
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, percent, seconds, shorten

SECTION, ORDER = "layers", 40
MOST_BARS = 32
TOPICS = {"batchnorm_variants": "batch norm", "dropout_variants": "dropout"}
KEYS = ("layer", "device", "shape", "variant")


def variants(run: Run) -> Frame:
    """Return a row a variant and pass, with `speedup` over the eager layer in the same pass."""
    joined = frames.by_layer(run, TOPICS, "device", "shape", "variant", "speedup_over_eager")
    if joined.empty:
        return joined
    joined = joined.rename(columns={"speedup_over_eager": "speedup"})
    joined[list(KEYS)] = joined[list(KEYS)].astype(str)
    if "roof_fraction" not in joined:
        joined["roof_fraction"] = float("nan")
    joined = joined[joined["speedup"].between(0, float("inf"), "neither")]
    several = joined["device"].nunique() > 1
    names = joined["layer"].str.cat([joined["variant"], joined["shape"]], sep=" · ")
    joined["where"] = (names + " · " + joined["device"] if several else names).map(
        lambda text: shorten(text, 64)
    )
    return joined


def draw(run: Run) -> Any:
    """Draw the speed of every variant, the eager layer at 1."""
    frame = variants(run)
    if frame.empty:
        return None
    order = list(frame["where"].unique())[:MOST_BARS]
    shown = frame[frame["where"].isin(order)]
    figure, grid = canvas.panels(1, 1, 0.8 + 0.3 * len(order))
    axes = grid[0, 0]
    canvas.bars(axes, shown, "speedup", "where", order=order, hue="layer", palette=COLOURS, is_rate=True)
    axes.axvline(1, color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2)
    axes.set(xlabel="speed over that of the eager layer (2 = half the time)")
    return figure


def _by_variant(run: Run) -> dict[str, Interval]:
    groups = variants(run).groupby("where", sort=False)["speedup"]
    return {str(where): geometric_interval(part) for where, part in groups}


def title(run: Run) -> str:
    """Return the variant that helps most and the one that helps least."""
    reached = _by_variant(run)
    best, worst = (choose(reached, key=lambda where: reached[where].estimate) for choose in (max, min))
    told = f"{best} runs {number(reached[best].estimate)} times as fast as eager"
    return told if best == worst else f"{told}, {worst} {number(reached[worst].estimate)} times"


def caption(run: Run) -> str:
    """Return what the variants are."""
    passes = count(variants(run)["pass"].nunique(), "pass")
    return (
        "Longer is faster; at the dotted line a variant is as fast as the plain layer in eager mode, timed "
        "in turns with it. channels_last keeps the channels innermost; bf16 takes what a convolution under "
        "autocast hands on, half the bytes; compiled is `torch.compile` of the layer, fused of the layer "
        "with the ReLU behind it; folded is batch norm made part of the convolution before it, in "
        "evaluation, against the two of them. All others are training, forward and backward. Rings are the "
        f"single passes ({passes}), whiskers the 95 % interval of their geometric mean."
    )


def table(run: Run) -> Table:
    """Return seconds per call, speed over eager and the share of the copy roof."""
    lines = []
    for names, part in variants(run).groupby(list(KEYS), sort=False):
        roof = part["roof_fraction"].median()
        lines.append(
            [
                *(cell(name) for name in names),
                cell(seconds(part["seconds"].median()), part["seconds"].median()),
                *interval_cells(geometric_interval(part["speedup"])),
                cell(percent(roof) if roof > 0 else "", roof),
            ]
        )
    columns = (*KEYS, "per call", "speed over eager", "95 % interval", "passes", "share of the copy roof")
    return Table("Layers done differently", columns, lines, is_folded=True)

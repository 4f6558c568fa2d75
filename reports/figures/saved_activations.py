"""How much memory a layer holds from the forward to the backward pass."""

from typing import Any

from reports import canvas, frames
from reports.figures.step_share import COLOURS
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell
from reports.wording import capitalized, listed, size

SECTION, ORDER = "layers", 30


def kept(run: Run) -> Frame:
    """Return one row a layer and shape in training: `layer`, `shape`, `saved_activation_bytes`."""
    layers = frames.layers(run)
    if layers.empty:
        return layers
    training = layers[(layers["mode"] == "train") & layers["saved_activation_bytes"].gt(0)]
    return training.groupby(["layer", "shape"], sort=False, as_index=False)["saved_activation_bytes"].median()


def draw(run: Run) -> Any:
    """Draw the bytes kept, a bar a layer and shape."""
    frame = kept(run)
    if frame.empty:
        return None
    import seaborn as sns

    placed = frame.assign(
        mebibytes=frame["saved_activation_bytes"] / 2**20, shape=frame["shape"].map(canvas.label)
    )
    num_shapes = placed["shape"].nunique()
    figure, grid = canvas.panels(1, 1, 0.9 + 0.62 * num_shapes)
    axes = grid[0, 0]
    layers = [layer for layer in COLOURS if layer in set(placed["layer"])]
    sns.barplot(
        data=placed,
        x="mebibytes",
        y="shape",
        hue="layer",
        hue_order=layers,
        palette=COLOURS,
        width=0.62,
        saturation=1,
        errorbar=None,
        legend=False,
        ax=axes,
    )
    axes.set_xlabel("kept for the backward pass, MiB")
    canvas.plain_rows(axes)
    looks = [{"color": COLOURS[layer], "linewidth": 7, "solid_capstyle": "butt"} for layer in layers]
    canvas.key(figure, layers, looks)
    return figure


def title(run: Run) -> str:
    """Return the bytes at the first shape."""
    frame = kept(run)
    first = frame[frame["shape"] == frame["shape"].iloc[0]]
    told = [f"{row.layer} keeps {size(row.saved_activation_bytes)}" for row in first.itertuples()]
    sentence = f"{listed(told)} for the backward pass of {canvas.label(first['shape'].iloc[0])}"
    return capitalized(sentence)


def caption(run: Run) -> str:
    """Return why it matters."""
    return (
        "Training keeps tensors until the backward pass has used them, and they are what fills the memory. "
        "A layer that only keeps its input often shares it with the layer before. The sizes follow from the "
        "shapes, so they have no interval; bars start at zero."
    )


def table(run: Run) -> Table:
    """Return the sizes."""
    return Table(
        "Kept for the backward pass",
        ("layer", "shape", "kept", "bytes"),
        [
            [cell(r.layer), cell(r.shape), cell(size(r.saved_activation_bytes), r.saved_activation_bytes),
             cell(f"{r.saved_activation_bytes:,.0f}", r.saved_activation_bytes)]
            for r in kept(run).itertuples()
        ],
        is_folded=True,
    )  # fmt: skip

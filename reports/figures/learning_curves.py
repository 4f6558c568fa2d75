"""How training and test accuracy grow with the epochs, under some of the regularizers."""

import math
from typing import Any

import pandas as pd

from reports import canvas, studies
from reports.frames import Frame
from reports.headlines import chosen_by
from reports.load import Run
from reports.parts import Table, cell
from reports.values import as_number, entries
from reports.wording import capitalized, count, number, percent

SECTION, ORDER = "generalization", 70
SHOWN = ("plain", "decay 1", "dropout 0.5", "batch norm", "layer norm", "early stopping", "l1 0.1", "cnn")
MOST_PANELS = 4
JUDGE = "validation_accuracy"  # older files lack it
LINES = {"train_accuracy": ("training", canvas.ORANGE), "test_accuracy": ("test", canvas.BLUE)}


def history(run: Run) -> Frame:
    """Return `setting`, `epoch`, `quantity` and their mean with its interval, after some of the epochs."""
    told = [
        {
            "setting": str(row.get("setting")),
            "quantity": str(row.get("quantity")),
            **{key: as_number(row.get(key)) for key in ("epoch", "estimate", "low", "high", "num_values")},
        }
        for row in entries(studies.study(run).get("history"))
    ]
    frame = pd.DataFrame(told)
    if frame.empty:
        return frame
    frame = frame[frame["quantity"].isin([*LINES, JUDGE]) & frame["epoch"].gt(0) & frame["estimate"].notna()]
    return frame.sort_values(["setting", "epoch"], kind="stable")


def _chosen(frame: Frame) -> list[str]:
    present = list(dict.fromkeys(frame["setting"]))
    return ([name for name in SHOWN if name in present] or present)[:MOST_PANELS]


def draw(run: Run) -> Any:
    """Draw one panel a setting."""
    frame = history(run)
    if frame.empty:
        return None
    names = _chosen(frame)
    figure, grid = canvas.panels(1, len(names), 2.7, sharey=True)
    for axes, name in zip(grid[0], names, strict=True):
        for i, (column, (_, colour)) in enumerate(LINES.items()):
            part = frame[(frame["setting"] == name) & (frame["quantity"] == column)]
            axes.plot(part["epoch"], 100 * part["estimate"], markersize=4, **canvas.look(i, colour))
            bounded = part[part["low"].notna() & part["high"].notna()]
            bounds = (100 * bounded["low"], 100 * bounded["high"])
            axes.fill_between(bounded["epoch"], *bounds, color=colour, alpha=0.2, linewidth=0)
        axes.set(title=canvas.label(name), xlabel="epoch")
    grid[0, 0].set_ylabel("accuracy, %")
    looks = [canvas.look(i, colour) for i, (_, colour) in enumerate(LINES.values())]
    canvas.key(figure, [name for name, _ in LINES.values()], looks)
    return figure


def title(run: Run) -> str:
    """Return the test accuracy where validation prefers the first setting, and where it ends."""
    frame = history(run)
    name = _chosen(frame)[0]
    part = frame[frame["setting"] == name].pivot_table("estimate", "epoch", "quantity")
    if "test_accuracy" not in part:
        return f"{canvas.label(name)} was looked at {frame['epoch'].nunique()} times in training"
    part = part.dropna(subset=["test_accuracy"])
    tested, by = part["test_accuracy"], chosen_by(part)
    best, last = int(part[by].idxmax()), tested.index[-1]
    chooser = "which validation prefers" if by == JUDGE else "the best on the test itself, which flatters it"
    return (
        f"{capitalized(canvas.label(name))}: test accuracy is {percent(tested[best], 1)} after "
        f"{count(best, 'epoch')}, {chooser}, and {percent(tested[last], 1)} after {last:g} "
        f"({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return how to read the curves."""
    return (
        f"Means over {studies.num_seeds(run)}, bands the 95 % interval over seeds. Training accuracy goes on "
        "rising while the network memorizes wrong labels; where test accuracy falls meanwhile, early "
        "stopping helps."
    )


def table(run: Run) -> Table:
    """Return the numbers of all settings."""
    return Table(
        "Learning curves",
        ("setting", "epoch", "quantity", "mean", "95 % interval", "seeds"),
        [
            [
                cell(row.setting),
                cell(f"{row.epoch:g}", row.epoch),
                cell(row.quantity.replace("_", " ")),
                cell(number(row.estimate), row.estimate),
                cell(f"{number(row.low)} to {number(row.high)}" if math.isfinite(row.low) else "no interval"),
                cell(f"{row.num_values:g}", row.num_values),
            ]
            for row in history(run).itertuples()
        ],
        is_folded=True,
    )

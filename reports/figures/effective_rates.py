"""Weight decay under batch norm: the weights shrink, and the steps grow relative to them."""

from typing import Any

import pandas as pd
from matplotlib.ticker import FuncFormatter

from diagnostics.intervals import Interval, mean_interval
from reports import canvas, frames, studies
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import number, percent

SECTION, ORDER = "generalization", 55
RELATIVE = "effective_learning_rate_relative"
LINES = {"weight decay": "no normalization", "decay, batch norm": "batch norm"}
COLUMNS = {
    "weight_norm": ("weight norm", 1.0),
    RELATIVE: ("step for its weights", 1.0),
    "test_accuracy": ("test accuracy, %", 100.0),
}


def _points(run: Run) -> Frame:
    """Return both curves with the effective learning rate over that of the same seed without decay."""
    frame = studies.points(run)
    if not {"weight_norm", "effective_learning_rate", "test_accuracy"} <= set(frame):
        return frame.head(0)
    frame = frame[frame["study"].isin(list(LINES))]
    start = frame[frame["strength"] == 0].set_index(["study", "seed"])["effective_learning_rate"]
    if not start.index.is_unique:
        return frame.head(0)
    of_each = start.reindex(pd.MultiIndex.from_frame(frame[["study", "seed"]])).to_numpy()
    return frame.assign(**{RELATIVE: frame["effective_learning_rate"] / of_each})


def draw(run: Run) -> Any:
    """Draw norm, effective learning rate and test accuracy against weight decay."""
    frame = _points(run)
    if frame.empty or set(frame["study"]) != set(LINES):
        return None
    strengths = sorted(frame["strength"].unique())
    figure, grid = canvas.panels(1, len(COLUMNS), 2.9)
    looks = []
    for i, study in enumerate(LINES):
        looks.append(canvas.look(i, canvas.SERIES_COLOURS[2 * i]))
        for axes, (column, (ylabel, scale)) in zip(grid[0], COLUMNS.items(), strict=True):
            at = [s for s in strengths if ((frame["study"] == study) & (frame["strength"] == s)).any()]
            told = [_interval(frame, study, s, column) for s in at]
            reach = [scale * (one.high - one.estimate) for one in told]
            axes.errorbar(
                [strengths.index(s) for s in at],
                [scale * one.estimate for one in told],
                yerr=None if any(one.num_values < 2 for one in told) else reach,
                **looks[-1],
                capsize=2,
                markersize=5,
            )
            axes.set(title=ylabel, xlabel="weight decay")
            canvas.value_ticks(axes, strengths)
    grid[0, 1].set_yscale("log")
    grid[0, 1].set_title("step for its weights (log)")
    for set_formatter in (grid[0, 1].yaxis.set_major_formatter, grid[0, 1].yaxis.set_minor_formatter):
        set_formatter(FuncFormatter(_round))
    canvas.key(figure, list(LINES.values()), looks)
    return figure


def _round(value: float, _: int) -> str:
    """Return the label of a tick at 1, 2 or 5 times a power of ten."""
    text = f"{value:g}"
    return text if text.strip("0.")[:1] in {"1", "2", "5"} else ""


def _interval(frame: Frame, study: str, strength: float, column: str) -> Interval:
    return mean_interval(frame.loc[(frame["study"] == study) & (frame["strength"] == strength), column])


def title(run: Run) -> str:
    """Return what the decay of the claim does to norm, step and accuracy under batch norm."""
    frame = _points(run)
    study = "decay, batch norm"
    strengths = sorted(frame.loc[frame["study"] == study, "strength"])
    decay = 1.0 if 1.0 in strengths else strengths[-1]
    norm, rate, accuracy = (
        [_interval(frame, study, s, column).estimate for s in (0.0, decay)] for column in COLUMNS
    )
    return (
        f"Under batch norm, decay {decay:g} takes the norm from {number(norm[0])} to {number(norm[1])} "
        f"and makes steps {number(rate[1])} times as long for their weights; test accuracy "
        f"{percent(accuracy[0], 1)} to {percent(accuracy[1], 1)} ({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return why norm and step are two sides of one thing there."""
    return (
        "The output of a batch norm does not change when the weights before it are scaled: there, small "
        "weights make no simpler network, but the same step turns them further. What counts is the learning "
        "rate over their norm (van Laarhoven 2017; squared under SGD): in the middle, over that without. "
        "Without normalization small weights are small outputs. Means, 95 % intervals, "
        f"{studies.num_seeds(run)}.{frames.diverged(_points(run), 'norm and step')}"
    )


def table(run: Run) -> Table:
    """Return the numbers drawn."""
    groups = _points(run).groupby(["study", "strength"], sort=False)
    return Table(
        "Norm, step and accuracy",
        ("network", "weight decay", "quantity", "mean", "95 % interval", "seeds"),
        [
            [
                cell(LINES[study]),
                cell(f"{strength:g}", strength),
                cell(ylabel),
                *interval_cells(mean_interval(part[column]), scale),
            ]
            for (study, strength), part in groups
            for column, (ylabel, scale) in COLUMNS.items()
        ],
        is_folded=True,
    )

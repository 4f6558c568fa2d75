"""The generalization gap against the strength of every regularizer."""

from typing import Any

from reports import canvas, studies
from reports.load import Run
from reports.parts import Table
from reports.wording import capitalized, points

SECTION, ORDER = "generalization", 40
LINES = {"gap_accuracy": ("gap", canvas.BLUE)}


def draw(run: Run) -> Any:
    """Draw one panel a study, with the line of no gap."""
    if not studies.has(run, *LINES):
        return None
    figure = studies.panels(run, LINES, "gap, points", 100)
    for axes in figure.axes:
        axes.axhline(0, color=canvas.INK, linewidth=0.8)
    return figure


def title(run: Run) -> str:
    """Return what the penalty that validation prefers does to the gap."""
    chosen = studies.chosen(run)
    if chosen.empty:
        return f"The gap against samples and wrong labels ({studies.num_seeds(run)})"
    best = chosen.loc[chosen["preferred"].idxmax()]
    return (
        f"{capitalized(canvas.label(str(best.name)))} {best['strength']:g} takes the gap from "
        f"{points(best['gap_accuracy_without'])} to {points(best['gap_accuracy'])} points "
        f"({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return what the gap is."""
    return (
        "Training less test accuracy, both with equally many wrong labels: what was learned and does not "
        f"carry over. Means and 95 % intervals over {studies.num_seeds(run)}. A gap of zero is no aim of its "
        "own: a network that learns nothing has none." + studies.chooser(run)
    )


def table(run: Run) -> Table:
    """Return the numbers drawn."""
    return studies.table(run, tuple(LINES), "Gap against strength", 100)

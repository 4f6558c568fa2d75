"""What regularizers do to the weights: their norm against the strength."""

from typing import Any

from reports import canvas, frames, studies
from reports.load import Run
from reports.parts import Table
from reports.wording import listed, number

SECTION, ORDER = "generalization", 50
MOST_TOLD = 3
LINES = {"weight_norm": ("weight norm", canvas.BLUE)}


def draw(run: Run) -> Any:
    """Draw one panel a study."""
    return studies.panels(run, LINES, "weight norm") if studies.has(run, *LINES) else None


def title(run: Run) -> str:
    """Return the norm without penalty and the smallest ones, each penalty as strong as validation prefers."""
    chosen = studies.chosen(run)
    if chosen.empty:
        return f"The weight norm against samples and wrong labels ({studies.num_seeds(run)})"
    without = chosen["weight_norm_without"].iloc[0]
    chosen = chosen[chosen["weight_norm_without"] == without]  # the same network without a penalty
    told = [
        f"{number(one['weight_norm'])} with {canvas.label(str(one.name))} {one['strength']:g}"
        for _, one in chosen.sort_values("weight_norm").head(MOST_TOLD).iterrows()
    ]
    return (
        f"The weight norm is {number(without)} without a penalty, {listed(told)} ({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return what is drawn."""
    return (
        f"Square root of the sum of all squared weights, biases left out. Means and 95 % intervals over "
        f"{studies.num_seeds(run)}. Weight decay and L2 shrink every weight a little, L1 some to nothing."
        f"{studies.chooser(run)}{frames.diverged(studies.points(run), 'norms')}"
    )


def table(run: Run) -> Table:
    """Return the numbers drawn, with the effective learning rate."""
    columns = ("weight_norm", "effective_learning_rate")
    present = tuple(column for column in columns if column in studies.points(run))
    return studies.table(run, present, "Weights against strength")

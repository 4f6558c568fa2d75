"""What regularizers do to the weights: their norm against the strength."""

from typing import Any

from reports import canvas, studies
from reports.load import Run
from reports.parts import Table
from reports.wording import number

SECTION, ORDER = "generalization", 50
LINES = {"weight_norm": ("weight norm", canvas.BLUE)}


def draw(run: Run) -> Any:
    """Draw one panel a study."""
    return studies.panels(run, LINES, "weight norm") if studies.has(run, *LINES) else None


def title(run: Run) -> str:
    """Return the norm without penalty and the smallest."""
    means = studies.points(run).groupby(["study", "strength"])["weight_norm"].mean()
    name, strength = means.idxmin()
    return (
        f"Weights are smallest under {canvas.label(name)} {strength:g}: norm {number(means.min())}, at most "
        f"{number(means.max())}"
    )


def caption(run: Run) -> str:
    """Return what is drawn."""
    return (
        f"Square root of the sum of all squared weights, biases left out. Means and 95 % intervals over "
        f"{studies.num_seeds(run)}. Weight decay and L2 shrink every weight a little, L1 some to nothing."
    )


def table(run: Run) -> Table:
    """Return the numbers drawn, with the effective learning rate."""
    columns = ("weight_norm", "effective_learning_rate")
    present = tuple(column for column in columns if column in studies.points(run))
    return studies.table(run, present, "Weights against strength")

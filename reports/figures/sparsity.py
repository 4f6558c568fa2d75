"""Which penalties make weights exactly zero, and which only small."""

from typing import Any

from reports import canvas, frames, studies
from reports.load import Run
from reports.parts import Table
from reports.wording import percent

SECTION, ORDER = "generalization", 60
LINES = {
    "exact_zero_share": ("exactly zero", canvas.BLUE),
    "near_zero_share": ("smaller than 0.001", canvas.ORANGE),
}


def draw(run: Run) -> Any:
    """Draw one panel a study."""
    return studies.panels(run, LINES, "share of weights, %", 100) if studies.has(run, *LINES) else None


def title(run: Run) -> str:
    """Return the largest share of zeros."""
    means = studies.points(run).groupby(["study", "strength"])["exact_zero_share"].mean()
    name, strength = means.idxmax()
    return (
        f"{canvas.label(name)} {strength:g} makes {percent(means.max())} of the weights exactly zero "
        f"({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return why L1 makes zeros."""
    return (
        "L1 takes the same amount off every weight in each step, so that small ones end at zero; L2 and "
        "weight decay take a share, and a share of little is less. L1 is done by proximal steps (soft "
        "thresholding): subgradients would step across zero. Means and 95 % intervals over "
        f"{studies.num_seeds(run)}.{frames.diverged(studies.points(run), 'shares')}"
    )


def table(run: Run) -> Table:
    """Return the numbers drawn."""
    return studies.table(run, tuple(LINES), "Zeros against strength", 100)

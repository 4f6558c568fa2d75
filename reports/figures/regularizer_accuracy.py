"""Training and test accuracy against the strength of every regularizer, samples and wrong labels."""

from typing import Any

from reports import canvas, studies
from reports.load import Run
from reports.parts import Table
from reports.wording import capitalized, percent

SECTION, ORDER = "generalization", 30
LINES = {"train_accuracy": ("training", canvas.ORANGE), "test_accuracy": ("test", canvas.BLUE)}


def draw(run: Run) -> Any:
    """Draw one panel a study."""
    return studies.panels(run, LINES, "accuracy, %", 100) if studies.has(run, *LINES) else None


def title(run: Run) -> str:
    """Return the penalty that validation prefers, its test accuracy and that without it."""
    chosen = studies.chosen(run)
    if chosen.empty:
        return f"Training and test accuracy against samples and wrong labels ({studies.num_seeds(run)})"
    best = chosen.loc[chosen["preferred"].idxmax()]
    judge = "validation prefers it" if best["is_fair"] else "the best on the test itself"
    return (
        f"{capitalized(canvas.label(str(best.name)))} {best['strength']:g} takes test accuracy from "
        f"{percent(best['test_accuracy_without'], 1)} to {percent(best['test_accuracy'], 1)}; {judge} "
        f"({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return how to read the panels."""
    return (
        f"Points are means over {studies.num_seeds(run)}, bars the 95 % interval over seeds; the leftmost "
        "point of a penalty is the network without it. Strengths stand at equal distances. Training accuracy "
        "counts the wrong labels too, test accuracy only right ones." + studies.setup(run)
    )


def table(run: Run) -> Table:
    """Return the numbers drawn."""
    return studies.table(run, tuple(LINES), "Accuracy against strength")

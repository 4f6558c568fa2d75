"""Training and test accuracy against the strength of every regularizer, samples and wrong labels."""

from typing import Any

from reports import canvas, studies
from reports.load import Run
from reports.parts import Table
from reports.wording import percent

SECTION, ORDER = "generalization", 30
LINES = {"train_accuracy": ("training", canvas.ORANGE), "test_accuracy": ("test", canvas.BLUE)}


def draw(run: Run) -> Any:
    """Draw one panel a study."""
    return studies.panels(run, LINES, "accuracy, %", 100) if studies.has(run, *LINES) else None


def title(run: Run) -> str:
    """Return the study and strength with the highest test accuracy among the penalties."""
    frame = studies.points(run)
    data = frame[~frame["study"].isin(["training samples", "wrong labels"])]
    means = (data if len(data) else frame).groupby(["study", "strength"])["test_accuracy"].mean()
    name, strength = means.idxmax()
    none = frame[frame["strength"] == 0].groupby("study")["test_accuracy"].mean().get(name, float("nan"))
    return (
        f"{canvas.label(name)} {strength:g} reaches the highest test accuracy: {percent(means.max(), 1)}, "
        f"{percent(none, 1)} at 0 ({studies.num_seeds(run)})"
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

"""Train and test accuracy, their gap and the weight norm against weight decay."""

from typing import Any

from diagnostics.intervals import mean_interval
from reports import canvas, frames, headlines
from reports.cards import wrong_labels
from reports.frames import Frame
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.wording import count, number, percent, points

SECTION, ORDER = "generalization", 10
LINES = {"train_accuracy": ("training", canvas.ORANGE), "test_accuracy": ("test", canvas.BLUE)}


def draw(run: Run) -> Any:
    """Draw accuracy, gap and weight norm above each other, one axis of weight decay below."""
    frame = frames.weight_decay(run)
    if frame.empty:
        return None
    below = [name for name in ("gap", "weight_norm") if name in frame and frame[name].notna().any()]
    heights = [2.0, *[1.2] * len(below)]
    figure, grid = canvas.panels(
        len(heights), 1, 0.9 + 1.45 * sum(heights), sharex=True, height_ratios=heights
    )
    accuracy, *others = grid[:, 0]
    for i, (column, (_, colour)) in enumerate(LINES.items()):
        if column in frame:
            _line(accuracy, frame, column, colour, i, scale=100)
    accuracy.set(ylabel="accuracy, %")
    for axes, column in zip(others, below, strict=True):
        _line(axes, frame, column, canvas.INK, 2, scale=100 if column == "gap" else 1)
        axes.set(ylabel="gap, points" if column == "gap" else "weight norm")
    if "gap" in below:
        others[0].axhline(0, color=canvas.INK, linewidth=0.8)
    _decay_axis(grid[-1, 0], sorted(frame["weight_decay"].unique()))
    looks = [canvas.look(i, colour) for i, (_, colour) in enumerate(LINES.values())]
    canvas.key(figure, [f"{name} accuracy" for name, _ in LINES.values()], looks)
    return figure


def _line(axes: Any, frame: Frame, column: str, colour: str, i: int, scale: float) -> None:
    import seaborn as sns

    placed = frame.assign(**{column: scale * frame[column]})
    sns.lineplot(
        data=placed,
        x="weight_decay",
        y=column,
        **canvas.look(i, colour),
        markeredgecolor=canvas.PAPER,
        estimator="mean",
        errorbar=canvas.mean_bounds,
        err_style="band",
        err_kws={"alpha": 0.22, "linewidth": 0},
        legend=False,
        ax=axes,
    )


def _decay_axis(axes: Any, decays: list[float]) -> None:
    smallest = next((decay for decay in decays if decay > 0), 1.0)
    axes.set_xscale("symlog", linthresh=smallest, linscale=0.6)
    axes.set_xticks(decays, labels=[f"{decay:g}" for decay in decays])
    axes.set_xticks([], minor=True)
    axes.set_xlim(-0.2 * smallest, 1.25 * max(decays[-1], smallest))
    axes.set_xlabel("weight decay (logarithmic from the smallest upwards; 0 stands at the left)")


def title(run: Run) -> str:
    """Return the best decay and what it changed."""
    answer, frame = headlines.weight_decay(run), frames.weight_decay(run)
    seeds = f"({_seeds(frame)})"
    if answer is None:
        means = frame.groupby("weight_decay").mean(numeric_only=True)
        best = means[headlines.chosen_by(frame)].idxmax()
        tested = percent(means.loc[best, "test_accuracy"], 1)
        return f"Weight decay {best:g} is the best of those tried: test accuracy {tested} {seeds}"
    if answer.best == 0:
        without = percent(answer.test_without.estimate, 1)
        return f"No weight decay tried was better than none: test accuracy {without} at 0 {seeds}"
    return (
        f"Weight decay {answer.best:g} lifts test accuracy from {percent(answer.test_without.estimate, 1)} "
        f"to {percent(answer.test.estimate, 1)} ({points(answer.gain.estimate)} points; {_seeds(frame)})"
    )


def _seeds(frame: Frame) -> str:
    return count(int(frame["seed"].nunique()), "seed")


def caption(run: Run) -> str:
    """Return how to read the three panels."""
    frame = frames.weight_decay(run)
    is_fair = headlines.chosen_by(frame) == "validation_accuracy"
    chooser = "by validation" if is_fair else "on the test itself, which flatters it"
    return (
        f"Lines are means over {_seeds(frame)}, bands the 95 % interval over seeds. Weight decay pulls "
        "weights towards zero in every step. Too little, and the network memorizes the training set: the gap "
        "between training and test accuracy is wide. Too much, and it cannot learn at all: both fall "
        "together. The gap alone is no aim, it closes there too. The best decay is "
        f"chosen {chooser}.{wrong_labels(run)}{frames.diverged(frame)}"
    )


def table(run: Run) -> Table:
    """Return every quantity at every decay with its interval over seeds."""
    frame = frames.weight_decay(run)
    names = [name for name in ("train_accuracy", "test_accuracy", "gap", "weight_norm") if name in frame]
    return Table(
        "The study in numbers",
        ("weight decay", "quantity", "mean", "95 % interval", "seeds"),
        [
            [
                cell(number(decay), decay),
                cell(name.replace("_", " ")),
                *interval_cells(mean_interval(part[name])),
            ]
            for decay, part in frame.groupby("weight_decay")
            for name in names
        ],
        is_folded=True,
    )

"""What one choice does depends on another: normalization and rate, decay and dropout, bias and data."""

from typing import Any

import numpy as np
import pandas as pd

from diagnostics.intervals import mean_interval
from reports import canvas, studies
from reports.frames import Frame
from reports.headlines import chosen_by
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.values import entries, mapping
from reports.wording import count, percent

SECTION, ORDER = "generalization", 65
MOST_PANELS, COLUMNS = 8, 2
AT_CHANCE = "at_chance"


def _named(run: Run) -> dict[str, tuple[str, dict[str, list[tuple[str, str]]]]]:
    """Return comparison to (axis, line to [(label, setting), …]), as many as the page has colours for."""
    found = {}
    for one in entries(studies.study(run).get("comparisons"))[:MOST_PANELS]:
        lines = {
            str(name): [(str(p[0]), str(p[1])) for p in points if isinstance(p, list) and len(p) == 2]
            for name, points in mapping(one.get("lines")).items()
            if isinstance(points, list)
        }
        kept = list(lines.items())[: len(canvas.SERIES_COLOURS)]
        found[str(one.get("name"))] = (str(one.get("axis") or ""), {k: v for k, v in kept if v})
    return {name: told for name, told in found.items() if told[1]}


def points(run: Run) -> Frame:
    """Return the members compared: `comparison`, `line`, `label` and the columns of `studies.members`."""
    frame = studies.members(run)
    parts = [
        frame[frame["setting"] == setting].assign(comparison=name, line=line, label=label)
        for name, (_, lines) in _named(run).items()
        for line, told in lines.items()
        for label, setting in told
        if len(frame)
    ]
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def draw(run: Run) -> Any:
    """Draw one panel a comparison, a line each, with what diverged or is at chance in the table."""
    frame = points(run)
    if "test_accuracy" not in frame:
        return None
    named = {name: told for name, told in _named(run).items() if (frame["comparison"] == name).any()}
    num_rows = -(-len(named) // COLUMNS)
    figure, grid = canvas.panels(num_rows, COLUMNS, 0.3 + 2.6 * num_rows)
    for axes, (name, (axis, lines)) in zip(grid.flat, named.items(), strict=False):
        _panel(axes, frame[frame["comparison"] == name], list(lines))
        axes.set(title=canvas.label(name), xlabel=axis, ylabel="test accuracy, %")
    for axes in grid.flat[len(named) :]:
        axes.set_visible(False)
    return figure


def _panel(axes: Any, part: Frame, lines: list[str]) -> None:
    labels = list(dict.fromkeys(part["label"]))
    for i, line in enumerate(lines):
        own = part[part["line"] == line]
        intervals = [mean_interval(100 * own.loc[own["label"] == label, "test_accuracy"]) for label in labels]
        middle = np.array([one.estimate for one in intervals])
        half = np.array([one.high - one.estimate for one in intervals])
        axes.errorbar(
            np.arange(len(labels)) + 0.06 * (i - (len(lines) - 1) / 2),
            middle,
            yerr=np.nan_to_num(half),
            label=canvas.label(line),
            **canvas.look(i, canvas.SERIES_COLOURS[i]),
            capsize=2,
            markersize=5,
        )
    axes.set_xticks(range(len(labels)), labels=labels)
    axes.margins(x=0.12)
    axes.legend(handlelength=2.4)


def title(run: Run) -> str:
    """Return the test accuracies where validation sees lines farthest apart."""
    frame = points(run)
    groups = frame.groupby(["comparison", "label", "line"], sort=False)
    by = chosen_by(frame)
    means, tested = (groups[column].mean().unstack() for column in (by, "test_accuracy"))
    place = (means.max(axis=1) - means.min(axis=1)).idxmax()
    best, worst = means.loc[place].idxmax(), means.loc[place].idxmin()
    axis = _named(run)[place[0]][0]
    chooser = "farthest apart in validation" if by != "test_accuracy" else "picked on the test itself"
    return (
        f"{f'At {axis} ' if axis else 'With '}{place[1]}, {best} tests at "
        f"{percent(tested.loc[place, best], 1)} and {worst} at {percent(tested.loc[place, worst], 1)}; "
        f"{chooser} ({studies.num_seeds(run)})"
    )


def caption(run: Run) -> str:
    """Return how to read the panels, and what failed to learn."""
    frame = points(run)
    failed = {
        word: int(frame.drop_duplicates(["setting", "seed"])[column].sum())
        for column, word in (("diverged", "diverged"), (AT_CHANCE, "no better than chance in training"))
        if column in frame
    }
    told = ", ".join(f"{number} {word}" for word, number in failed.items())
    return (
        f"Points are means over {studies.num_seeds(run)}, bars the 95 % interval over seeds; a difference "
        "between lines is one between the same seeds, so it is surer than the bars suggest. Of "
        f"{count(len(frame.drop_duplicates(['setting', 'seed'])), 'network')} here, {told or 'none failed'}; "
        "they count with the accuracy that they are left with, and the table says where they are."
    )


def table(run: Run) -> Table:
    """Return every point with its gap, and how many members failed."""
    groups = points(run).groupby(["comparison", "line", "label"], sort=False)
    return Table(
        "Comparisons in numbers",
        (
            "comparison",
            "line",
            "at",
            "test accuracy, %",
            "95 % interval",
            "seeds",
            "gap, points",
            "diverged",
            "at chance",
        ),
        [
            [
                cell(name),
                cell(line),
                cell(label),
                *interval_cells(mean_interval(part["test_accuracy"]), 100),
                *interval_cells(mean_interval(part["gap_accuracy"]), 100)[:1],
                *(cell(int(n), n) for n in (_number(part, "diverged"), _number(part, AT_CHANCE))),
            ]
            for (name, line, label), part in groups
        ],
        is_folded=True,
    )


def _number(part: Frame, column: str) -> float:
    return float(part[column].fillna(0).sum()) if column in part else 0.0

"""The generalization studies of a run: rows by setting and seed, curves, claims judged anew."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.hypotheses import Holds, Judged, all_claims, judge
from diagnostics.intervals import mean_interval
from reports import canvas, frames
from reports.frames import Frame
from reports.headlines import chosen_by
from reports.load import Run
from reports.parts import Table, cell, interval_cells
from reports.values import as_number, entries, mapping
from reports.wording import count

MOST_COLUMNS = 4
AXES = {"training samples": "samples", "wrong labels": "share", "patience": "epochs"}
FAILURES = {"diverged": "Diverged", "at_chance": "No better than chance in training"}


def study(run: Run) -> dict[str, Any]:
    """Return the generalization study, empty where the run has none."""
    return frames.study(run, "generalization")


@lru_cache(maxsize=16)
def members(run: Run) -> Frame:
    """Return one row a setting and seed; empty where the run has no such study."""
    told = [
        {key: str(value) if key == "setting" else frames.member_number(value) for key, value in row.items()}
        for row in entries(study(run).get("rows"))
    ]
    frame = pd.DataFrame(told)
    return frame if {"setting", "seed"} <= set(frame) else pd.DataFrame()


def num_seeds(run: Run) -> str:
    """Return "8 seeds"."""
    frame = members(run)
    return count(int(frame["seed"].nunique()) if len(frame) else 0, "seed")


@lru_cache(maxsize=16)
def claims(run: Run) -> tuple[Judged, ...]:
    """Return the claims as this version judges the rows; those that the run did not measure are left out."""
    frame = members(run)
    if frame.empty:
        return ()
    judged = judge(frame, all_claims(), is_complete=study(run).get("is_complete") is not False)
    return tuple(one for one in judged if one.verdict is not Holds.UNMEASURED)


@lru_cache(maxsize=16)
def points(run: Run) -> Frame:
    """Return the rows that form curves: `study`, `strength` and the columns of `members`.

    What diverged has no numbers of weights and losses there.
    """
    frame = members(run)
    parts = []
    for name, told in mapping(study(run).get("curves")).items():
        for point in told if isinstance(told, list) else ():
            if isinstance(point, list) and len(point) == 2 and math.isfinite(as_number(point[0])):
                found = frame[frame["setting"] == str(point[1])] if len(frame) else frame
                parts.append(found.assign(study=str(name), strength=as_number(point[0])))
    kept = [part for part in parts if len(part)]
    return frames.without_spoiled(pd.concat(kept, ignore_index=True)) if kept else pd.DataFrame()


NO_PENALTIES = frozenset({"training samples", "wrong labels", "patience"})


def chosen(run: Run) -> Frame:
    """Return each penalty's strength that validation prefers, and all quantities there and without it.

    Returns
    -------
    DataFrame
        Indexed by study, in the study's order: `strength`; `is_fair`, whether validation samples chose it and
        not the test; the mean over seeds of each quantity, with `_without` for the network without penalty.
    """
    frame = points(run)
    if frame.empty or "test_accuracy" not in frame:
        return pd.DataFrame()
    by = chosen_by(frame)
    told = {}
    for study, part in frame[~frame["study"].isin(NO_PENALTIES)].groupby("study", sort=False):
        means: Any = part.groupby("strength").mean(numeric_only=True)
        best = means[by].idxmax()
        without = means.loc[0.0] if 0.0 in means.index else means.loc[best] * math.nan
        fair = {"strength": best, "is_fair": by == "validation_accuracy", "preferred": means[by].max()}
        told[study] = {**fair, **means.loc[best], **without.add_suffix("_without")}
    return pd.DataFrame.from_dict(told, orient="index")


def chooser(run: Run) -> str:
    """Return what chose the strengths that titles name, nothing where they name none."""
    strengths = chosen(run)
    if strengths.empty:
        return ""
    if strengths["is_fair"].all():
        return " Validation samples choose the strength in the title."
    return " The strength in the title is chosen on the test itself, which flatters it."


def has(run: Run, *columns: str) -> bool:
    """Return whether the curves hold these quantities."""
    found = points(run)
    return len(found) > 0 and set(columns) <= set(found)


def panels(run: Run, lines: dict[str, tuple[str, str]], ylabel: str, scale: float = 1.0) -> Any:
    """Draw small multiples: a panel a study, a line a quantity over the strengths.

    Parameters
    ----------
    lines : dict of str to (str, str)
        Column of `points` to the line's name and colour.
    scale : float
        What values are multiplied by.
    """
    frame = points(run)
    names = list(frame["study"].unique())
    columns = min(MOST_COLUMNS, len(names))
    num_rows = -(-len(names) // columns)
    figure, grid = canvas.panels(num_rows, columns, 0.6 + 1.9 * num_rows, sharey=True)
    for axes, name in zip(grid.flat, names, strict=False):
        _panel(axes, frame[frame["study"] == name], lines, scale)
        axes.set(title=canvas.label(name), xlabel=AXES.get(name, "strength"))
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(ylabel)
    if len(lines) > 1:
        looks = [canvas.look(i, colour) for i, (_, colour) in enumerate(lines.values())]
        canvas.key(figure, [name for name, _ in lines.values()], looks)
    return figure


def _panel(axes: Any, part: Frame, lines: dict[str, tuple[str, str]], scale: float) -> None:
    """Draw one study; its strengths stand at equal distances, whatever they are."""
    strengths = sorted(part["strength"].unique())
    for i, (column, (_, colour)) in enumerate(lines.items()):
        values = [part.loc[part["strength"] == s, column] for s in strengths]
        middle = scale * np.array([mean_interval(each).estimate for each in values])
        low, high = scale * np.transpose([canvas.mean_bounds(each) for each in values])
        reach, look = [middle - low, high - middle], canvas.look(i, colour)
        axes.errorbar(range(len(strengths)), middle, yerr=reach, capsize=2, markersize=4, **look)
    canvas.value_ticks(axes, strengths)


def table(run: Run, columns: tuple[str, ...], caption: str, scale: float = 1.0) -> Table:
    """Return every point of the curves with its interval over seeds."""
    groups = points(run).groupby(["study", "strength"], sort=False)
    return Table(
        caption,
        ("study", "strength", "quantity", "mean", "95 % interval", "seeds"),
        [
            [
                cell(name),
                cell(f"{strength:g}", strength),
                cell(column.replace("_", " ")),
                *interval_cells(mean_interval(part[column]), scale),
            ]
            for (name, strength), part in groups
            for column in columns
            if part[column].notna().any()
        ],
        is_folded=True,
    )


def setup(run: Run) -> str:
    """Return on what and how the members were trained, and how many diverged."""
    told = study(run)
    wrong = as_number(told.get("wrong_label_share"))
    labels = f", {100 * wrong:g} % of the training labels wrong on purpose" if wrong > 0 else ""
    lost = " ".join(
        f"{word}: {', '.join(f'{number:g} of {name}' for name, number in failed.items())}."
        for key, word in FAILURES.items()
        if (failed := {str(k): n for k, v in mapping(told.get(key)).items() if (n := as_number(v)) > 0})
    )
    unfinished = "" if told.get("is_complete", True) else " The training was cut off: not final."
    size = f"{as_number(told.get('num_train')):g} training samples"
    found, used = (as_number(told.get(key)) for key in ("samples_found", "samples"))
    drawn = f" ({used:,.0f} samples drawn from {found:,.0f})" if found > used else ""
    return (
        f" Data: {told.get('data', 'not named')}{drawn}, {size}{labels}; "
        f"{told.get('network', 'network not named')}, {told.get('optimizer', 'optimizer not named')}."
        + (f" {lost}" if lost else " No member diverged.")
        + unfinished
    )

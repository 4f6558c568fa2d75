"""Machines x benchmarks: how many times as long each takes as on the baseline, as a coloured grid."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from diagnostics.comparisons import Comparison
from reports import canvas, svg
from reports.comparison import shown
from reports.comparison.result import Result, distance
from reports.parts import Drawn, Table, cell
from reports.wording import MISSING, count, number

ANCHOR = "figure-heat-map"
MOST_ROWS, MOST_COLUMNS = 60, 14
FARTHEST = 4.0  # beyond this factor the colour says no more; the number does
QUICK, EQUAL, SLOW = "#0173B2", "#e8e8e8", "#D55E00"

Grid = Mapping[tuple[str, str], Comparison]


def drawn(result: Result) -> Drawn | None:
    """Return the figure; None where fewer than two sides were compared with the baseline."""
    grid = {
        (row.comparison.name, each.b.letter): row.comparison for each in result.against for row in each.rows
    }
    if len(result.against) < 2 or not grid:
        return None
    names = _names(grid)
    letters = [each.b.letter for each in result.against]
    title = _title(result, grid)
    with canvas.style():
        figure = _draw(grid, names[:MOST_ROWS], letters[:MOST_COLUMNS], result.sides[0].letter)
        picture = svg.render(figure, ANCHOR, title)
    return Drawn(ANCHOR, title, _caption(result, len(names)), picture, _table(result, grid, names))


def _names(grid: Grid) -> list[str]:
    """Return the configurations, those that differ most between the machines first."""
    farthest: dict[str, float] = {}
    for (name, _), one in grid.items():
        farthest[name] = max(farthest.get(name, 0.0), distance(one))
    return sorted(farthest, key=lambda name: (-farthest[name], name))


def _draw(grid: Grid, names: Sequence[str], letters: Sequence[str], baseline: str) -> Any:
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap

    ratios = np.array([[_ratio(grid.get((name, letter))) for letter in letters] for name in names])
    texts = [[_text(grid.get((name, letter))) for letter in letters] for name in names]
    figure, axes = canvas.panels(1, 1, 1.0 + 0.26 * len(names))
    edge = np.log(FARTHEST)
    sns.heatmap(
        np.clip(np.log(ratios), -edge, edge),
        vmin=-edge,
        vmax=edge,
        cmap=LinearSegmentedColormap.from_list("ratio", [QUICK, EQUAL, SLOW]),
        mask=np.isnan(ratios),
        annot=np.array(texts),
        fmt="",
        annot_kws={"fontsize": 8.5},
        cbar=False,
        linewidths=1.5,
        linecolor=canvas.PAPER,
        xticklabels=list(letters),
        yticklabels=[canvas.label(name) for name in names],
        ax=axes[0, 0],
    )
    axes[0, 0].set(xlabel=f"time over that of {baseline}", ylabel="")
    axes[0, 0].tick_params(length=0, labelrotation=0)
    axes[0, 0].grid(visible=False)
    return figure


def _ratio(one: Comparison | None) -> float:
    return one.ratio if one is not None and 0 < one.ratio < float("inf") else float("nan")


def _text(one: Comparison | None) -> str:
    return "" if one is None else f"{number(one.ratio, 2)} {shown.GLYPHS[one.verdict]}"


def _title(result: Result, grid: Grid) -> str:
    (name, letter), most = max(grid.items(), key=lambda item: distance(item[1]))
    side = next(each.b.name for each in result.against if each.b.letter == letter)
    return (
        f"{canvas.label(name)} differs most: {canvas.label(side)} takes {number(most.ratio)} times as long "
        f"as {canvas.label(result.sides[0].name)} ({most.verdict})"
    )


def _caption(result: Result, total: int) -> str:
    cuts = []
    if total > MOST_ROWS:
        cuts.append(f"the {MOST_ROWS} configurations of {total:,} that differ most")
    if len(result.against) > MOST_COLUMNS:
        cuts.append(f"the first {MOST_COLUMNS} of {count(len(result.against), 'side')}")
    cut = f" Drawn are {' and '.join(cuts)}; all stand in the table." if cuts else ""
    columns = "; ".join(f"{each.b.letter}: {each.b.machine}" for each in result.against[:MOST_COLUMNS])
    glyphs = ", ".join(f"{glyph} {outcome}" for outcome, glyph in shown.GLYPHS.items())
    return (
        f"Each cell is the time over that of {result.sides[0].name}: orange is slower, blue is faster, and "
        f"an empty cell was not compared. The sign beside the number is the verdict ({glyphs}); a colour "
        f"without a verdict is a guess. {columns}.{cut}"
    )


def _table(result: Result, grid: Grid, names: Sequence[str]) -> Table:
    lines = [
        [cell(name), *(_cell(grid.get((name, each.b.letter))) for each in result.against)] for name in names
    ]
    columns = ("configuration", *(each.b.name for each in result.against))
    return Table(f"Time over that of {result.sides[0].name}", columns, lines, is_folded=True)


def _cell(one: Comparison | None) -> Any:
    return (
        cell(MISSING) if one is None else cell(f"{number(one.ratio)} {shown.verdict(one.verdict)}", one.ratio)
    )

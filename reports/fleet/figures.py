"""How the machines of a fleet are distributed: overall, and in every configuration."""

from typing import Any

import numpy as np

from reports import canvas, svg
from reports.fleet.machines import Deviation, Fleet
from reports.frames import Frame
from reports.parts import Drawn, Table, cell, number_cell
from reports.wording import count, number, seconds

GOLDEN_RATIO = (5**0.5 - 1) / 2
MOST_MODELS = 16
MOST_CONFIGURATIONS = 80
RATIO_TICKS = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50)
PERCENTILES = (5, 25, 50, 75, 95)
COLUMNS = ("machines", "fastest", "5 %", "25 %", "median", "75 %", "95 %", "slowest")


def by_model(fleet: Fleet, found: list[Deviation]) -> Drawn:
    """Draw every machine as a dot, a row a model of hardware; those that deviate as a whole are ringed."""
    placed = fleet.speed.to_frame("ratio").assign(model=fleet.models)
    models = list(placed["model"].value_counts().index[:MOST_MODELS])
    placed = placed[placed["model"].isin(models)]
    anchor, title = "figure-fleet-models", _models_title(fleet)
    with canvas.style():
        figure, grid = canvas.panels(1, 1, 1.1 + 0.55 * len(models))
        axes = grid[0, 0]
        quantiles = [np.percentile(placed.loc[placed["model"] == m, "ratio"], PERCENTILES) for m in models]
        _bars(axes, np.transpose(quantiles))
        heights = placed["model"].map(models.index) + _scattered(len(placed))
        axes.scatter(placed["ratio"], heights, s=9, color=canvas.BLUE, alpha=0.45, linewidth=0, zorder=1)
        ringed = [one for one in found if one.key is None and fleet.models[one.machine] in models]
        axes.scatter(
            [fleet.speed[one.machine] for one in ringed],
            [models.index(fleet.models[one.machine]) for one in ringed],
            marker="D", s=58, facecolor="none", edgecolor=canvas.ORANGE, linewidth=1.6, zorder=5,
        )  # fmt: skip
        axes.set_yticks(range(len(models)), labels=[canvas.label(model) for model in models])
        axes.set(xlabel="typical time over the fleet's (logarithmic; left is faster)", ylabel="")
        _ratio_axis(axes, placed["ratio"])
        drawn = svg.render(figure, anchor, title)
    caption = (
        "A dot is a machine: the median over its configurations of its time over the fleet's median time. "
        "Thick lines hold the middle half of a model, thin ones reach from its 5th to its 95th percentile. A "
        "diamond marks a machine that is further from its model than its peers are from each other. "
        "One result a machine holds its drift of that hour too: measure again before you act on it."
    )
    return Drawn(anchor, title, caption, drawn, _models_table(fleet))


def _bars(axes: Any, quantiles: np.ndarray) -> None:
    """Draw percentiles, shape (5, rows), as a thin line with its middle half thick and its median marked."""
    low, first, middle, third, high = quantiles
    lines = np.arange(quantiles.shape[1])
    axes.hlines(lines, low, high, color=canvas.BLUE, linewidth=1.2)
    axes.hlines(lines, first, third, color=canvas.BLUE, linewidth=6, alpha=0.45)
    axes.scatter(middle, lines, marker="|", s=60, color=canvas.INK, linewidth=1.4, zorder=4)


def _scattered(num_dots: int) -> np.ndarray:
    """Return heights within a row that spread dots evenly, the same in every build (golden ratio)."""
    return (np.arange(num_dots) * GOLDEN_RATIO % 1 - 0.5) * 0.5


def _models_title(fleet: Fleet) -> str:
    low, high = fleet.speed.quantile([0.05, 0.95])
    return (
        f"Nine of ten machines take between {number(low)} and {number(high)} times the fleet's typical time"
    )


def _models_table(fleet: Fleet) -> Table:
    groups = fleet.speed.groupby(fleet.models)
    lines = [
        [cell(model), cell(len(part), len(part)), *(number_cell(value) for value in _quantiles(part))]
        for model, part in sorted(groups, key=lambda group: -len(group[1]))
    ]
    return Table("Typical time over the fleet's, by model", ("model", *COLUMNS), lines, is_folded=True)


def by_configuration(fleet: Fleet) -> Drawn:
    """Draw the distribution of every configuration over the machines, the widest first."""
    ratios = np.exp(fleet.over_fleet)
    quantiles = ratios.quantile([q / 100 for q in PERCENTILES]).to_numpy()
    order = np.argsort(-quantiles[-1] / quantiles[0], kind="stable")
    order = order[np.isfinite(quantiles[2, order])][:MOST_CONFIGURATIONS]
    lines = np.arange(len(order))
    anchor, title = "figure-fleet-configurations", _configurations_title(fleet, quantiles, order)
    with canvas.style():
        figure, grid = canvas.panels(1, 1, 1.0 + 0.21 * len(order))
        axes = grid[0, 0]
        _bars(axes, quantiles[:, order])
        extremes = ratios.iloc[:, order]
        for values in (extremes.min(), extremes.max()):
            axes.scatter(values, lines, marker="o", s=12, facecolor="none", edgecolor=canvas.ORANGE)
        axes.axvline(1, color=canvas.INK, linewidth=0.8, zorder=1)
        canvas.named_rows(axes, [canvas.label(fleet.label(fleet.keys[i])) for i in order])
        axes.set_xlabel("time over the fleet's median (logarithmic)")
        _ratio_axis(axes, extremes.stack())
        drawn = svg.render(figure, anchor, title)
    caption = (
        f"{count(len(order), 'configuration')}, those that differ most between machines first. Thin lines "
        "reach from the 5th to the 95th percentile of the machines, thick ones hold the middle half; "
        "rings are the fastest and the slowest machine. What differs most is what to choose a machine by."
    )
    return Drawn(anchor, title, caption, drawn, _configurations_table(fleet))


def _configurations_title(fleet: Fleet, quantiles: np.ndarray, order: np.ndarray) -> str:
    widest = order[0]
    ratio = quantiles[-1, widest] / quantiles[0, widest]
    name = canvas.label(fleet.label(fleet.keys[widest]))
    return f"Machines differ most in {name}: {number(ratio)} times from the 5th to the 95th percentile"


def _configurations_table(fleet: Fleet) -> Table:
    table: Frame = np.exp(fleet.log_seconds)
    lines = [
        [
            cell(fleet.label(key)),
            cell(int(table[i].notna().sum()), int(table[i].notna().sum())),
            *(cell(seconds(value), value) for value in _quantiles(table[i].dropna())),
        ]
        for i, key in enumerate(fleet.keys)
    ]
    columns = ("configuration", *COLUMNS)
    return Table("Times over the machines", columns, lines, is_folded=True)


def _quantiles(values: Any) -> list[float]:
    """Return fastest, the percentiles and slowest."""
    return [float(value) for value in np.percentile(values, (0, *PERCENTILES, 100))]


def _ratio_axis(axes: Any, values: Any) -> None:
    low, high = min(0.9, values.min() / 1.03), max(1.1, values.max() * 1.03)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks = [tick for tick in RATIO_TICKS if low <= tick <= high]
    if np.log10(high / low) > 0.6:  # wide ranges have no room for the ticks around 1
        ticks = [tick for tick in ticks if tick not in (0.8, 0.9, 1.1, 1.25, 0.67, 1.5)]
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)

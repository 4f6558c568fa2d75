"""How the machine's own speed moved while it measured."""

import math
from typing import Any

from reports import canvas, frames, headlines
from reports.frames import Column, Frame
from reports.load import Run
from reports.parts import Table, cell
from reports.wording import REFERENCE_NAMES, count, percent, seconds

SECTION, ORDER = "noise", 10
TICKS = {  # the widest range, highest over lowest, to the ticks that suit it
    1.5: (0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2),
    4: (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5),
    float("inf"): (0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000),
}


def draw(run: Run) -> Any:
    """Draw the time of each reference, pass by pass, relative to the run's median."""
    reference = frames.reference(run)
    if reference.empty:
        return None
    import seaborn as sns

    kinds = list(reference["kind"].unique())
    figure, grid = canvas.panels(1, 1, 2.7)
    axes = grid[0, 0]
    placed = reference.assign(number=reference["pass"].rank(method="dense"))
    sns.lineplot(
        data=placed,
        x="number",
        y="relative",
        hue="kind",
        style="kind",
        hue_order=kinds,
        style_order=kinds,
        palette=dict(zip(kinds, canvas.SERIES_COLOURS, strict=False)),
        markers=dict(zip(kinds, canvas.MARKERS, strict=False)),
        dashes=dict(zip(kinds, canvas.DASHES, strict=False)),
        markeredgecolor=canvas.PAPER,
        errorbar=None,
        legend=False,
        ax=axes,
    )
    axes.axhline(1, color=canvas.INK, linewidth=0.8, zorder=1)
    axes.set_xticks(sorted(placed["number"].unique()))
    axes.set(xlabel="pass", ylabel="time over the run's\nmedian (logarithmic)")
    _ratio_axis(axes, placed["relative"])
    looks = [canvas.look(i, canvas.SERIES_COLOURS[i]) for i in range(len(kinds))]
    canvas.key(figure, [REFERENCE_NAMES[kind] for kind in kinds], looks)
    return figure


def _ratio_axis(axes: Any, relative: Column) -> None:
    """Let equal factors up and down look equal, in a range that does not blow small drift up."""
    low, high = min(0.9, relative.min() / 1.05), max(1.1, relative.max() * 1.05)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    suiting = next(ticks for widest, ticks in TICKS.items() if high / low <= widest)
    ticks = [tick for tick in suiting if low <= tick <= high]
    axes.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)


def _by_kind(run: Run) -> list[tuple[str, Frame]]:
    return list(frames.reference(run).groupby("kind", sort=False))


def title(run: Run) -> str:
    """Return the coefficient of variation of each reference."""
    told = [(REFERENCE_NAMES[kind], headlines.variation(part["relative"])) for kind, part in _by_kind(run)]
    varied = [f"{name} {percent(value)}" for name, value in told if math.isfinite(value)]
    return f"Drift between passes: {', '.join(varied)}" if varied else "One pass alone cannot show drift"


def caption(run: Run) -> str:
    """Return what the references are for."""
    passes = count(frames.reference(run)["pass"].nunique(), "pass")
    return (
        f"The same three small tasks were timed in each of {passes}. They never change, so what moves here "
        "is the machine: other programs, its clock, its neighbours on the same host. The title gives the "
        "coefficient of variation (standard deviation over mean). A difference between configurations "
        "smaller than this needs more passes to be believed."
    )


def table(run: Run) -> Table:
    """Return the reference of every pass."""
    return Table(
        "References of every pass",
        ("reference", "pass", "time", "against the median, %"),
        [
            [
                cell(REFERENCE_NAMES[kind]),
                cell(f"{r.number:.0f}", r.number),
                cell(seconds(r.seconds), r.seconds),
                cell(f"{100 * r.relative - 100:+.1f}", r.relative),
            ]
            for kind, part in _by_kind(run)
            for r in part.assign(number=part["pass"].rank(method="dense")).itertuples()
        ],
        is_folded=True,
    )

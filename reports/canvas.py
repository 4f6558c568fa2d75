"""How every figure looks: ink, series and intervals. Colours that the page's scheme decides are sentinels.

Figures are made without pyplot's global state. Three colours stand for CSS variables until `svg.render` swaps
them, so that one drawing serves the light page, the dark page and print.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from diagnostics.intervals import Interval, geometric_interval, mean_interval

INK, FAINT, PAPER = "#0a0b0d", "#0a0b0e", "#0a0b0f"
WIDTH_INCHES = 8.4
LONGEST_LABEL = 42
LEVEL_CHARACTERS = 20  # of labels side by side below a narrow panel

BLUE, GREEN, ORANGE, PINK, GREY = "#0173B2", "#029E73", "#D55E00", "#CC78BC", "#949494"
SERIES_COLOURS = (BLUE, GREEN, ORANGE, PINK)  # each at least 3:1 on white and on the dark page
MARKERS = ("o", "s", "^", "D")
DASHES = ("", (5, 1.5), (2, 1.2), (7, 1.5, 1.5, 1.5))

STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlepad": 8,
    "figure.facecolor": "none",
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "svg.fonttype": "none",
    "svg.hashsalt": "reports",
    "text.color": INK,
    "text.parse_math": False,  # names come from result files: a dollar sign in one is a dollar sign
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save figures of this page inside this context."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # Text stays text in the SVG: the reader's fonts draw what matplotlib's cannot.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def panels(num_rows: int, num_columns: int, height_inches: float, **kwargs: Any) -> tuple[Figure, np.ndarray]:
    """Return a figure of the page's width and its axes, shape (num_rows, num_columns)."""
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    layout: Any = figure.get_layout_engine()
    layout.set(w_pad=0.08, h_pad=0.08)
    return figure, figure.subplots(num_rows, num_columns, squeeze=False, **kwargs)


def geometric_mean(values: Sequence[float]) -> float:
    """Return the estimate that rates and durations are drawn at."""
    return geometric_interval(values).estimate


def geometric_bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of rates or durations, the estimate itself where one value gives none."""
    return _bounds(geometric_interval(values))


def mean_bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a mean, the mean itself where one value gives none."""
    return _bounds(mean_interval(values))


def _bounds(one: Interval) -> tuple[float, float]:
    return (one.low, one.high) if one.num_values > 1 else (one.estimate, one.estimate)


def line_style(dashes: Any) -> Any:
    """Return seaborn's dashes as matplotlib's line style."""
    return (0, dashes) if dashes else "-"


def look(i: int, colour: str) -> dict[str, Any]:
    """Return how the line of the i-th series looks: its colour, and the marker and dashes of its place."""
    return {"color": colour, "marker": MARKERS[i], "linestyle": line_style(DASHES[i])}


def label(text: str) -> str:
    """Return a name that an axis can hold, cut in its middle: names of one topic differ at their ends."""
    name, tail = " ".join(text.split()), LONGEST_LABEL // 2
    return name if len(name) <= LONGEST_LABEL else f"{name[: tail - 1]}…{name[-tail:]}"


def named_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Name the rows 0, 1, …, the first on top, with neither grid lines nor ticks between them."""
    axes.set_yticks(range(len(labels)), labels=list(labels))
    axes.set_ylim(len(labels) - 0.4, -0.6)
    plain_rows(axes)


def plain_rows(axes: Axes) -> None:
    """Take grid lines, ticks and the axis' own name from rows that their labels name."""
    axes.set_ylabel("")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def value_ticks(axes: Axes, values: Sequence[float]) -> None:
    """Label positions 0, 1, … with values, aslant where side by side they would run into one another."""
    labels = [f"{value:g}" for value in values]
    axes.set_xticks(range(len(labels)), labels=labels)
    if max(map(len, labels), default=0) * len(labels) > LEVEL_CHARACTERS:
        axes.tick_params(axis="x", labelrotation=60)


def bars(
    axes: Axes,
    data: Any,
    x: str,
    y: str,
    *,
    order: Sequence[str],
    hue: str,
    palette: dict[str, str],
    is_rate: bool = False,
) -> None:
    """Draw horizontal bars from zero with their 95 % interval, and every single value as a ring on them.

    `is_rate` takes the geometric mean, as rates and durations want it, and otherwise the mean.
    """
    import seaborn as sns

    where = {"data": data, "x": x, "y": y, "order": order, "ax": axes, "legend": False}
    sns.barplot(
        **where,
        hue=hue,
        palette=palette,
        estimator=geometric_mean if is_rate else "mean",
        errorbar=geometric_bounds if is_rate else mean_bounds,
        capsize=0.2,
        err_kws={"color": INK, "linewidth": 1.2},
        width=0.62,
        saturation=1,
    )
    rings = {"marker": "o", "facecolor": PAPER, "color": PAPER, "edgecolor": INK, "linewidth": 0.9}
    sns.stripplot(**where, **rings, size=4.5, jitter=False, zorder=4)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    plain_rows(axes)
    axes.set_xlim(left=0)


def key(figure: Figure, names: Sequence[str], looks: Sequence[dict[str, Any]]) -> None:
    """Put one legend above all panels."""
    handles = [Line2D([], [], label=label(name), **look) for name, look in zip(names, looks, strict=True)]
    figure.legend(
        handles=handles, loc="outside upper left", ncols=len(handles), handlelength=2.6, borderpad=0
    )

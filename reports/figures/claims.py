"""What is said of regularizers, and what the measurements say: an effect a claim, with its verdict."""

import math
from typing import Any

from diagnostics.hypotheses import Holds, Judged
from reports import canvas, studies
from reports.load import Run
from reports.parts import Cell, Table, cell, rows
from reports.wording import MISSING, number, percent

SECTION, ORDER = "generalization", 20
FARTHEST = 200.0
GLYPHS = {Holds.HOLDS: "✓", Holds.FAILS: "✕", Holds.UNSURE: "~"}
LOOKS = {
    Holds.HOLDS: {"color": canvas.BLUE, "marker": "o"},
    Holds.FAILS: {"color": canvas.ORANGE, "marker": "X"},
    Holds.UNSURE: {"color": canvas.GREY, "marker": "s"},
}
LONGEST = 58


def draw(run: Run) -> Any:
    """Draw every effect in multiples of the smallest that would matter."""
    judged = studies.claims(run)
    if not judged:
        return None
    figure, grid = canvas.panels(1, 1, 1.1 + 0.27 * len(judged))
    axes = grid[0, 0]
    for height, one in enumerate(judged):
        _line(axes, height, one)
    axes.axvline(0, color=canvas.INK, linewidth=0.9, zorder=1)
    axes.axvline(1, color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2, zorder=1)
    axes.set_xscale("symlog", linthresh=1.0)
    ticks = (-100, -10, -1, 0, 1, 10, 100)
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(-FARTHEST, FARTHEST)
    axes.set_yticks(range(len(judged)), labels=[_label(one) for one in judged])
    axes.set_ylim(len(judged) - 0.4, -0.6)
    axes.set(xlabel="effect over the smallest that would matter (logarithmic beyond 1)", ylabel="")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    present = [verdict for verdict in LOOKS if any(one.verdict is verdict for one in judged)]
    canvas.key(
        figure, [str(verdict) for verdict in present], [{**LOOKS[v], "linestyle": "-"} for v in present]
    )
    return figure


def _line(axes: Any, height: int, one: Judged) -> None:
    look = LOOKS[one.verdict]
    scale = 1 / one.claim.smallest
    middle, low, high = (_inside(scale * x) for x in (one.effect.estimate, one.effect.low, one.effect.high))
    axes.hlines(height, low, high, color=look["color"], linewidth=1.6)
    axes.plot([middle], [height], **look, linestyle="", markersize=7, markeredgecolor=canvas.PAPER, zorder=3)


def _inside(value: float) -> float:
    return min(max(value, -FARTHEST), FARTHEST) if math.isfinite(value) else 0.0


def _label(one: Judged) -> str:
    text = one.claim.sentence.rstrip(".")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def title(run: Run) -> str:
    """Return how many claims hold, and which do not."""
    judged = studies.claims(run)
    amounts = {verdict: sum(one.verdict is verdict for one in judged) for verdict in LOOKS}
    told = ", ".join(f"{amount} {verdict}" for verdict, amount in amounts.items() if amount)
    return f"Of {len(judged)} claims about regularizers: {told}"


def caption(run: Run) -> str:
    """Return how a claim is judged."""
    return (
        "Each line is one claim's effect with its 95 % interval over "
        f"{studies.num_seeds(run)}, paired by seed; right of 0 is as the claim says, and the dotted line is "
        "the smallest effect that would matter. A claim holds, or does not, where that survives the "
        "correction for the number of claims (Holm) at the level 0.01; the claim that normalization is not "
        "regularization holds where there is no effect. A verdict is about these data and networks, not "
        "about all." + studies.setup(run)
    )


def table(run: Run) -> Table:
    """Return every claim with its verdict, effect and the papers on it."""
    return Table(
        "The claims",
        (
            "verdict",
            "claim",
            "effect",
            "95 % interval",
            "what the effect is",
            "seeds",
            "p, corrected",
            "papers",
        ),
        rows(
            [
                cell(f"{GLYPHS[one.verdict]} {one.verdict}"),
                Cell(one.claim.sentence),
                cell(f"{number(one.effect.estimate)} {one.claim.unit}", one.effect.estimate),
                cell(_interval(one)),
                Cell(one.claim.effect),
                cell(one.effect.num_values, one.effect.num_values),
                cell(percent(one.p_value, 2), one.p_value),
                Cell("; ".join(f"{reference} ({stance})" for reference, stance in one.claim.papers)),
            ]
            for one in studies.claims(run)
        ),
    )


def _interval(one: Judged) -> str:
    if not math.isfinite(one.effect.low):
        return MISSING
    return f"{number(one.effect.low)} to {number(one.effect.high)}"

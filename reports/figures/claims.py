"""What is said of regularizers, and what the measurements say: an effect a claim, with its verdict."""

import math
import textwrap
from typing import Any

from diagnostics.hypotheses import Holds, Judged
from reports import canvas, studies
from reports.load import Run
from reports.parts import Cell, Table, cell, rows
from reports.wording import MISSING, listed, number, percent

SECTION, ORDER = "generalization", 20
FARTHEST = 200.0
LEAST_P = 1e-4
LOG = "(log)"  # the unit of effects that call themselves logarithms
GLYPHS = {Holds.HOLDS: "✓", Holds.FAILS: "✕", Holds.UNSURE: "~"}
LOOKS = {
    Holds.HOLDS: {"color": canvas.BLUE, "marker": "o"},
    Holds.FAILS: {"color": canvas.ORANGE, "marker": "X"},
    Holds.UNSURE: {"color": canvas.GREY, "marker": "s"},
}
VERBS = {  # for one claim, for several
    Holds.HOLDS: ("holds", "hold"),
    Holds.FAILS: ("does not", "do not"),
    Holds.UNSURE: ("is unsure", "are unsure"),
}
LABEL_WIDTH = 44  # characters a line


def draw(run: Run) -> Any:
    """Draw every effect in multiples of the smallest that would matter."""
    judged = studies.claims(run)
    if not judged:
        return None
    figure, grid = canvas.panels(1, 1, 1.1 + 0.33 * len(judged))
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
    axes.set(xlabel="effect over the smallest that matters (log beyond 1)", ylabel="")
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
    return textwrap.fill(one.claim.sentence.rstrip("."), LABEL_WIDTH)


def title(run: Run) -> str:
    """Return how many claims hold, and which do not."""
    judged = studies.claims(run)
    amounts = {verdict: [one for one in judged if one.verdict is verdict] for verdict in LOOKS}
    told = [f"{len(found)} {VERBS[verdict][len(found) != 1]}" for verdict, found in amounts.items() if found]
    seeds = studies.num_seeds(run)
    return f"Of {len(judged)} claims about regularizers, {listed(told)} here ({seeds})"


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
    """Return every claim with its verdict and effect."""
    return Table(
        "The claims",
        ("verdict", "claim", "effect", "95 % interval", "what the effect is", "seeds", "p, corrected"),
        rows(
            [
                cell(_verdict(one)),
                Cell(one.claim.sentence),
                cell(number(one.effect.estimate), one.effect.estimate),
                cell(_interval(one)),
                Cell(one.claim.effect + ("" if one.claim.unit == LOG else f", {one.claim.unit}")),
                cell(one.effect.num_values, one.effect.num_values),
                cell(percent(one.p_value, 2) if one.p_value >= LEAST_P else "< 0.01 %", one.p_value),
            ]
            for one in studies.claims(run)
        ),
    )


def papers(run: Run) -> Table | None:
    """Return what papers say of each claim, beside what was found here."""
    judged = studies.claims(run)
    if not judged:
        return None
    return Table(
        "What papers say of the claims",
        ("claim", "here", "paper", "says"),
        rows(
            [Cell(one.claim.sentence), cell(_verdict(one)), Cell(paper), Cell(stance)]
            for one in judged
            for paper, stance in one.claim.papers
        ),
        is_folded=True,
    )


def _verdict(one: Judged) -> str:
    return f"{GLYPHS[one.verdict]} {one.verdict}"


def _interval(one: Judged) -> str:
    if not math.isfinite(one.effect.low):
        return MISSING
    return f"{number(one.effect.low)} to {number(one.effect.high)}"

"""What is said of regularizers, and what the measurements say: the effects of each claim, with verdicts."""

import math
import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Any

from diagnostics.hypotheses import Holds, Judged, JudgedPart
from reports import canvas, studies
from reports.load import Run
from reports.parts import Cell, Table, cell
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
DEPENDS = "depends"
VERBS = {  # for one claim, for several
    str(Holds.HOLDS): ("holds", "hold"),
    str(Holds.FAILS): ("does not", "do not"),
    DEPENDS: ("depends on the conditions", "depend on the conditions"),
    str(Holds.UNSURE): ("is unsure", "are unsure"),
}
LABEL_WIDTH = 44  # characters a line


def draw(run: Run) -> Any:
    """Draw every effect in multiples of the smallest that would matter."""
    judged = studies.claims(run)
    if not judged:
        return None
    told = [(one, part) for one in judged for part in one.parts]
    figure, grid = canvas.panels(1, 1, 1.1 + 0.36 * len(told))
    axes = grid[0, 0]
    for height, (_, part) in enumerate(told):
        _line(axes, height, part)
    axes.axvline(0, color=canvas.INK, linewidth=0.9, zorder=1)
    axes.axvline(1, color=canvas.INK, linestyle=(0, (1, 2)), linewidth=1.2, zorder=1)
    axes.set_xscale("symlog", linthresh=1.0)
    ticks = (-100, -10, -1, 0, 1, 10, 100)
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(-FARTHEST, FARTHEST)
    canvas.named_rows(axes, [_label(*pair) for pair in told])
    axes.set_xlabel("effect over the smallest that matters (log beyond 1)")
    present = [verdict for verdict in LOOKS if any(part.verdict is verdict for _, part in told)]
    canvas.key(
        figure, [str(verdict) for verdict in present], [{**LOOKS[v], "linestyle": "-"} for v in present]
    )
    return figure


def _line(axes: Any, height: int, one: JudgedPart) -> None:
    look = LOOKS[one.verdict]
    scale = 1 / one.part.smallest
    middle, low, high = (_inside(scale * x) for x in (one.effect.estimate, one.effect.low, one.effect.high))
    axes.hlines(height, low, high, color=look["color"], linewidth=1.6)
    axes.plot([middle], [height], **look, linestyle="", markersize=7, markeredgecolor=canvas.PAPER, zorder=3)


def _inside(value: float) -> float:
    return min(max(value, -FARTHEST), FARTHEST) if math.isfinite(value) else 0.0


def _label(one: Judged, part: JudgedPart) -> str:
    if part is one.parts[0]:
        return textwrap.fill(_sentence(one, part).rstrip("."), LABEL_WIDTH)
    return f"… {part.part.name}"


def _sentence(one: Judged, part: JudgedPart) -> str:
    """Return the claim, and what of it the part is."""
    return f"{one.claim.sentence.rstrip('.')}: {part.part.name}." if part.part.name else one.claim.sentence


def title(run: Run) -> str:
    """Return how many claims hold, and which do not."""
    judged = studies.claims(run)
    amounts = Counter(DEPENDS if one.depends else str(one.verdict) for one in judged)
    told = [f"{amounts[name]} {verbs[amounts[name] != 1]}" for name, verbs in VERBS.items() if amounts[name]]
    seeds = studies.num_seeds(run)
    return f"Of {len(judged)} claims about regularizers, {listed(told)} here ({seeds})"


def caption(run: Run) -> str:
    """Return how a claim is judged."""
    return (
        f"Each line is an effect with its 95 % interval over {studies.num_seeds(run)}, paired by seed; right "
        "of 0 is as the claim says, and the dotted line is the smallest effect that would matter. It "
        "holds, or does not, where that survives the correction for their number (Holm) at the level "
        "0.01; that normalization is not regularization, and that no linear model leads where the truth "
        "is not linear, holds where there is no effect. A claim that says several things needs all of "
        "them; one that is measured under several conditions is unsure where they disagree: it depends. A "
        "verdict is about these data and networks, not about all." + studies.setup(run)
    )


def table(run: Run) -> Table:
    """Return every claim with its verdict, and its effects."""
    return Table(
        "The claims",
        ("verdict", "claim", "effect", "95 % interval", "what the effect is", "seeds", "p, corrected"),
        [
            [
                Cell(_verdict_of(one, told)),
                Cell(_sentence(one, told)),
                cell(number(told.effect.estimate), told.effect.estimate),
                cell(_interval(told)),
                Cell(told.part.effect + ("" if told.part.unit == LOG else f", {told.part.unit}")),
                _seeds(told),
                cell(percent(told.p_value, 2) if told.p_value >= LEAST_P else "< 0.01 %", told.p_value),
            ]
            for one in studies.claims(run)
            for told in one.parts
        ],
    )


def papers(run: Run) -> Iterator[Table]:
    """Yield what papers say of each claim, beside what was found here; nothing without claims."""
    judged = studies.claims(run)
    if not judged:
        return
    yield Table(
        "What papers say of the claims",
        ("claim", "here", "paper", "says"),
        [
            [Cell(one.claim.sentence), cell(_verdict(one)), Cell(paper), Cell(stance)]
            for one in judged
            for paper, stance in one.claim.papers
        ],
        is_folded=True,
    )


def _seeds(told: JudgedPart) -> Cell:
    all_seeds = told.effect.num_values + told.num_lost
    text = f"{told.effect.num_values} of {all_seeds}" if told.num_lost else told.effect.num_values
    return cell(text, told.effect.num_values)


def _verdict_of(one: Judged, told: JudgedPart) -> str:
    """Return the claim's verdict, and the part's where it is another."""
    if one.verdict is told.verdict:
        return _verdict(one)
    return f"{_verdict(one)} ({GLYPHS[told.verdict]}\N{NO-BREAK SPACE}{VERBS[str(told.verdict)][0]})"


def _verdict(one: Judged | JudgedPart) -> str:
    depends = isinstance(one, Judged) and one.depends
    return f"{GLYPHS[one.verdict]} {DEPENDS if depends else one.verdict}"


def _interval(one: JudgedPart) -> str:
    if not math.isfinite(one.effect.low):
        return MISSING
    return f"{number(one.effect.low)} to {number(one.effect.high)}"

"""What a comparison can still resolve: told where the machine is too noisy for verdicts."""

from collections.abc import Sequence
from math import expm1, inf, isfinite, log
from statistics import median

from diagnostics.comparisons import EQUIVALENCE, Comparison, Outcome


def resolvable(comparisons: Sequence[Comparison]) -> float:
    """Return the typical smallest difference that could still be told from none, as a share.

    Parameters
    ----------
    comparisons : sequence of Comparison

    Returns
    -------
    float
        Median over the comparisons of the 95 % interval's half-width: 0.3 where 30 % more time would stand
        out. Infinite where nothing bounds most of them, or there is none.
    """
    widths = [
        log(one.high / one.low) / 2 if one.low > 0 and isfinite(one.high) else inf for one in comparisons
    ]
    return _share(median(widths)) if widths else inf


def _share(width: float) -> float:
    return expm1(width) if width < 50 else inf  # e**50 is beyond any measurement


def too_noisy(comparisons: Sequence[Comparison], what: str = "runs") -> str | None:
    """Say in one sentence that noise leaves verdicts open, and what it would still show; None if it does not.

    Parameters
    ----------
    comparisons : sequence of Comparison
    what : str
        What there could be more of: runs, processes.
    """
    unsure = [one for one in comparisons if one.verdict is Outcome.UNSURE]
    share = resolvable(unsure)
    if not unsure or share <= EQUIVALENCE:
        return None
    who = f"{len(unsure)} of {len(comparisons)} comparisons" if len(comparisons) > 1 else "a verdict"
    if not isfinite(share):
        return f"Too little was measured for {who}: nothing bounds the ratio; measure more {what}."
    size = f"{share:.0%}" if share < 1 else f"a factor of {1 + share:.2g}"
    return (
        f"Too noisy, or too few {what}, for {who}: as measured, only differences of about {size} or more "
        f"stand out; more {what}, or a quieter machine, would show smaller ones."
    )

"""What a reader of the terminal must know about a run's noise: what was disturbed, what can be resolved."""

from collections.abc import Iterator, Sequence
from math import expm1, nan
from statistics import median

from bench.passes import Series
from diagnostics.differences import RunValues, run_difference

CALM_SHARE = 0.05  # differences of this size are what verdicts are about


def lines(series: Sequence[Series]) -> Iterator[str]:
    """Yield sentences about the passes' noise; none for a calm run."""
    passes = [record for one in series for record in one.passes]
    disturbed = [record for record in passes if record.get("disturbed")]
    redone = [record for record in passes if "redone" in record]
    if disturbed or redone:
        mended = sum(record["redone"]["was_first"] for record in redone)
        yield (
            f"{len(disturbed)} of {len(passes)} passes were disturbed (the file says by what); "
            f"{len(redone)} redone, {mended} of them without disturbance."
        )
    share = resolvable(series)
    if share > CALM_SHARE:
        yield (
            f"Noisy: between two configurations of this run only differences of about {share:.0%} or more "
            "stand out; more passes, or python -m bench ab, resolve smaller ones."
        )


def resolvable(series: Sequence[Series]) -> float:
    """Return the typical smallest difference that stands out between two configurations, as a share.

    Median over the configurations of the 95 % half-width of a configuration against another as noisy, pass by
    pass; NaN where none has two passes.
    """
    widths = [
        difference.bounds()[1]
        for one in series
        if len(values := one.seconds()) > 1
        for difference in [run_difference([RunValues(tuple(values))], [RunValues(tuple(values))])]
        if difference.standard_error > 0
    ]
    return expm1(median(widths)) if widths else nan

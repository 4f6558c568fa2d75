"""How to read the page, for somebody who reads such a page for the first time."""

from reports.parts import Prose, Section
from reports.report import Report

ORDER = 90
OURS = (
    "**Pass.** The whole grid is measured several times over. A bar of single passes far apart means that "
    "the machine was busy with something else.",
    "**95 % interval.** If the run were repeated many times under the same conditions, 19 of 20 such "
    "intervals would hold the true value. Two settings whose intervals overlap widely may be equal. With "
    "three passes intervals are wide: `--passes 7` narrows them.",
    "**Samples per second.** How many training examples the loader delivers. Compare it with what your "
    "training step consumes: loading that is faster than the step costs nothing.",
    "**Seed.** Training starts from random weights. A study repeats it from several seeds, so that luck can "
    "be told from effect.",
    "**Generalization gap.** Training minus test accuracy. What the network got right only because it had "
    "seen it.",
)
ANY = (
    "**Median.** Half of the values are below, half above: one slow outlier does not move it.",
    "**What does not carry over.** Times hold for this machine on this day. Ratios between settings of one "
    "run are steadier than the times themselves.",
)


def build(report: Report) -> Section:
    """Return the terms that the page uses."""
    return Section(
        "reading", "How to read this", [Prose(text) for text in (*ANY, *(OURS if report.is_ours else ()))]
    )

"""Batch norm reduces internal covariate shift.

Measured as Santurkar et al. (2018, definition 2.1): how far the gradient of a layer's weights turns when
the layers below it take their step, relative to its length, averaged over layers and over training. The
logarithm of the shift without batch norm over that with it: positive where batch norm reduces it. Measured
at their learning rate, 0.1, at which a network without batch norm staggers, and at 0.01, at which both learn
calmly: what is a property of batch norm shows at both, so the step size that speaks more against it counts.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 55
CLAIM = "Batch norm reduces internal covariate shift."
EFFECT = "logarithm of the shift without over with batch norm, at the step size where it is smaller"
UNIT = "(log)"
SMALLEST = 0.1
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, arXiv 1805.11604",
        "says the opposite",
    ),
)
STEPS = ("", ", small steps")


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    present = set(rows["setting"])
    found = [
        np.log(
            by_seed(rows, f"smoothness{s}", "shift") / by_seed(rows, f"smoothness, batch norm{s}", "shift")
        )
        for s in STEPS
        if not s or f"smoothness{s}" in present
    ]
    return min(found, key=lambda effect: float(effect.mean()))

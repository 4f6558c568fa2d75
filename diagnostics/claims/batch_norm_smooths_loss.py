"""Batch norm makes the loss smoother along the step.

Measured as Santurkar et al. (2018, figure 4): the range of the loss over steps of several lengths along the
gradient, averaged over training. The logarithm of the range without batch norm over that with it. At their
learning rate, 0.1; where steps are ten times smaller, the range is the loss that a step gains rather than
roughness, and batch norm's is the larger one.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 56
CLAIM = "Batch norm smooths the loss."
EFFECT = "logarithm of the range of the loss along the step, without over with batch norm"
UNIT = "(log)"
SMALLEST = 0.1
PAPERS = (
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, arXiv 1805.11604",
        "says the same",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    ranges = [by_seed(rows, name, "loss_range") for name in ("smoothness", "smoothness, batch norm")]
    return np.log(ranges[0] / ranges[1])

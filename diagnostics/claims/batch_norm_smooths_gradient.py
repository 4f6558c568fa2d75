"""Batch norm makes the gradient more predictable along the step.

Measured as Santurkar et al. (2018, figure 4): the largest change of the gradient, relative to its length,
over steps of several lengths along it, averaged over training. The logarithm of the change without batch
norm over that with it. At their learning rate, 0.1; with steps ten times smaller both gradients are steady.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 57
CLAIM = "Batch norm makes the gradient steadier along the step."
EFFECT = "logarithm of the change of the gradient along the step, without over with batch norm"
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
    changes = [by_seed(rows, name, "gradient_change") for name in ("smoothness", "smoothness, batch norm")]
    return np.log(changes[0] / changes[1])

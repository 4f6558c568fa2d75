"""Batch norm reduces internal covariate shift.

Measured as Santurkar et al. (2018, definition 2.1): how far the gradient of a layer's weights turns when
the layers below it take their step, relative to its length, averaged over layers and over training. The
logarithm of the shift without batch norm over that with it: positive where batch norm reduces it.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 55
CLAIM = "Batch norm reduces internal covariate shift."
EFFECT = "logarithm of the shift without over with batch norm"
UNIT = "(log)"
SMALLEST = 0.1
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization", "says the same"),
    ("Santurkar et al. 2018, How Does Batch Normalization Help Optimization?", "says the opposite"),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return np.log(by_seed(rows, "smoothness", "shift") / by_seed(rows, "smoothness, batch norm", "shift"))

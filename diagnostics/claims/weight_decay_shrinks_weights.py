"""Weight decay keeps weights small.

The logarithm of the weight norm without decay over that with decay 1: 0.1 is a tenth smaller.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 12
CLAIM = "Weight decay keeps the weights small."
EFFECT = "logarithm of the weight norm without over with decay 1"
UNIT = "(log)"
SMALLEST = 0.1
PAPERS = (
    ("Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization", "says the same"),
    ("Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv 1711.05101", "says the same"),
    (
        "van Laarhoven 2017, L2 Regularization versus Batch and Weight Normalization, arXiv 1706.05350",
        "qualifies it: under normalization the norm only sets the step",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    without, with_decay = (by_seed(rows, name, "weight_norm") for name in ("plain", "decay 1"))
    return np.log(without / with_decay)

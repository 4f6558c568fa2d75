"""Early stopping makes weights smaller, though nobody asks it to.

The logarithm of the weight norm after all epochs over that at the best validation point.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 60
CLAIM = "Early stopping makes weights smaller though nobody asks it to."
EFFECT = "logarithm of the weight norm at the end over that at the best validation point"
UNIT = "(log)"
SMALLEST = 0.02
PAPERS = (
    ("Goodfellow et al. 2016, Deep Learning, section 7.8", "says the same"),
    ("Bishop 1995, Regularization and Complexity Control in Feed-forward Networks", "says the same"),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    ended, stopped = (by_seed(rows, name, "weight_norm") for name in ("plain", "early stopping"))
    return np.log(ended / stopped)

"""Early stopping makes weights smaller, though nobody asks it to.

The logarithm of the weight norm after all epochs over that at the best validation point.
"""

from diagnostics.hypotheses import Effects, Rows, log_ratio

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
    return log_ratio(rows, "weight_norm", "plain", "early stopping")

"""Dropout lowers the generalization gap.

The gap without dropout less that with rate 0.5.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 40
CLAIM = "Dropout lowers the generalization gap."
EFFECT = "gap without less gap with dropout 0.5"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (
    (
        "Srivastava et al. 2014, Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        "says the same",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return by_seed(rows, "plain", "gap_accuracy") - by_seed(rows, "dropout 0.5", "gap_accuracy")

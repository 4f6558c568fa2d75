"""More data does what a regularizer does: it lowers the gap.

The gap with 75 training samples less that with 600, no regularizer.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 30
CLAIM = "More data does what a regularizer does."
EFFECT = "gap with 75 samples less gap with 600"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (("Vapnik 1999, An Overview of Statistical Learning Theory", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return by_seed(rows, "75 samples", "gap_accuracy") - by_seed(rows, "600 samples", "gap_accuracy")

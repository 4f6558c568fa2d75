"""L1 makes weights exactly zero; L2 only makes them small.

The share of weights that are exactly zero, with the L1 strength that validation prefers (proximal steps)
less that with the L2 strength that it prefers.
"""

from diagnostics.hypotheses import Effects, Rows, chosen_by_validation, names_of

ORDER = 20
CLAIM = "L1 makes weights zero, L2 makes them small."
EFFECT = "share of exact zeros with L1 less that with L2"
UNIT = "of the weights"
SMALLEST = 0.05
PAPERS = (("Tibshirani 1996, Regression Shrinkage and Selection via the Lasso", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    zeros = chosen_by_validation(rows, names_of(rows, "l1 "), "exact_zero_share")
    return zeros - chosen_by_validation(rows, names_of(rows, "l2 "), "exact_zero_share")

"""L1 makes weights exactly zero; L2 only makes them small.

The share of weights that are exactly zero, with the L1 strength that validation prefers (proximal steps)
less that with the L2 strength that it prefers; and the logarithm of the weight norm without over with that
L2.
"""

from diagnostics.hypotheses import Effects, Part, Rows, by_seed, chosen_by_validation, logarithm, names_of

ORDER = 20
CLAIM = "L1 makes weights zero, L2 makes them small."
PAPERS = (("Tibshirani 1996, Regression Shrinkage and Selection via the Lasso", "says the same"),)


def _zeros(rows: Rows) -> Effects:
    zeros = chosen_by_validation(rows, names_of(rows, "l1 "), "exact_zero_share")
    return zeros - chosen_by_validation(rows, names_of(rows, "l2 "), "exact_zero_share")


def _small(rows: Rows) -> Effects:
    norms = chosen_by_validation(rows, names_of(rows, "l2 "), "weight_norm")
    return logarithm(by_seed(rows, "plain", "weight_norm") / norms)


PARTS = (
    Part("L1 makes zeros", "share of exact zeros with L1 less that with L2", "of the weights", 0.05, _zeros),
    Part("L2 makes weights small", "logarithm of the weight norm without over with L2", "(log)", 0.1, _small),
)

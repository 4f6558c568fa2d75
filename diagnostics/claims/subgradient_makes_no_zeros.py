"""L1 by subgradients makes no weight exactly zero: the proximal step does.

The share of exact zeros of the proximal method less that of subgradients, either at the strength that each
seed's validation samples prefer.
"""

from diagnostics.hypotheses import Effects, Rows, chosen_by_validation, names_of

ORDER = 21
CLAIM = "It is the proximal step, not the penalty alone, that makes zeros."
EFFECT = "share of exact zeros, proximal less subgradient"
UNIT = "of the weights"
SMALLEST = 0.05
PAPERS = (("Parikh and Boyd 2014, Proximal Algorithms", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    proximal = chosen_by_validation(rows, names_of(rows, "l1 "), "exact_zero_share")
    return proximal - chosen_by_validation(rows, names_of(rows, "subgradient "), "exact_zero_share")

"""L1 by subgradients makes no weight exactly zero: the proximal step does.

At the same strength, the share of exact zeros of the proximal method less that of subgradients.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed, names_of

ORDER = 21
CLAIM = "It is the proximal step, not the penalty alone, that makes zeros."
EFFECT = "share of exact zeros, proximal less subgradient"
UNIT = "of the weights"
SMALLEST = 0.05
PAPERS = (("Parikh and Boyd 2014, Proximal Algorithms", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    subgradient = names_of(rows, "subgradient ")[0]
    proximal = subgradient.replace("subgradient", "l1")
    return by_seed(rows, proximal, "exact_zero_share") - by_seed(rows, subgradient, "exact_zero_share")

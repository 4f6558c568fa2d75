"""Under batch norm, weight decay sets the effective learning rate.

Scaling the weights before a batch norm changes nothing but the length of the steps: the learning rate over
the squared weight norm is what counts. The logarithm of that with decay 1 over that without, both under
batch norm.
"""

import numpy as np

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 58
CLAIM = "Under batch norm, weight decay raises the effective learning rate."
EFFECT = "logarithm of the effective learning rate with over without decay"
UNIT = "(log)"
SMALLEST = 0.1
PAPERS = (
    (
        "van Laarhoven 2017, L2 Regularization versus Batch and Weight Normalization, arXiv 1706.05350",
        "says the same",
    ),
    ("Zhang et al. 2019, Three Mechanisms of Weight Decay Regularization, arXiv 1810.12281", "says the same"),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    rates = [by_seed(rows, f"batch norm{decay}", "effective_learning_rate") for decay in (", decay 1", "")]
    return np.log(rates[0] / rates[1])

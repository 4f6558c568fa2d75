"""Under batch norm, weight decay sets the effective learning rate.

Scaling the weights before a batch norm changes nothing but the length of the steps, seen from the weights:
smaller ones turn further by the same step. Measured as the angle by which the weights before each batch norm
turn in the last epoch, mean over layers: the logarithm of that with decay 1 over that without, both under
batch norm. Refuted where decay makes weights smaller and they turn no further.
"""

from diagnostics.hypotheses import Effects, Rows, log_ratio

ORDER = 58
CLAIM = "Under batch norm, weight decay raises the effective learning rate."
EFFECT = "logarithm of the angle by which the weights turn in an epoch, with over without decay"
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
    return log_ratio(rows, "turn", "batch norm, decay 1", "batch norm")

"""Batch norm regularizes: it lowers the generalization gap.

The gap without batch norm less that with it, all else equal. It depends on the labels: a network with batch
norm learns wrong ones by heart sooner, so that its gap is the wider one where some are wrong, while on the
digits without wrong labels it is the smaller one, by a point.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 50
CLAIM = "Batch norm regularizes."
EFFECT = "gap without less gap with batch norm"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),
    (
        "Luo et al. 2019, Towards Understanding Regularization in Batch Normalization, arXiv 1809.00846",
        "says the same",
    ),
    (
        "Zhang et al. 2017, Understanding Deep Learning Requires Rethinking Generalization, arXiv 1611.03530",
        "qualifies it: the effect is small",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return by_seed(rows, "plain", "gap_accuracy") - by_seed(rows, "batch norm", "gap_accuracy")

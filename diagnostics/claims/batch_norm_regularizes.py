"""Batch norm regularizes: it lowers the generalization gap.

The gap without batch norm less that with it, all else equal. With a part of the training labels wrong, and
with none: a network with batch norm may learn wrong labels by heart sooner, and fit right ones better.
"""

from diagnostics.claims._conditions import gap_falls

ORDER = 50
CLAIM = "Batch norm regularizes."
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
PARTS = gap_falls("batch norm", "batch norm, 0% wrong labels", "gap without less gap with batch norm")
ARE_CONDITIONS = True

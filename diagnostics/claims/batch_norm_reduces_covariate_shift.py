"""Batch norm reduces internal covariate shift.

Measured as Santurkar et al. (2018, definition 2.1): how far the gradient of a layer's weights turns when
the layers below it take their step, relative to its length, averaged over layers and over training. The
logarithm of the shift without batch norm over that with it: positive where batch norm reduces it. Measured
at their learning rate, 0.1, at which a network without batch norm staggers, and at 0.01, at which both learn
calmly: a property of batch norm shows at both.
"""

from diagnostics.claims._conditions import at_both_steps

ORDER = 55
CLAIM = "Batch norm reduces internal covariate shift."
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, arXiv 1805.11604",
        "says the opposite",
    ),
)
PARTS = at_both_steps("shift", "logarithm of the shift without over with batch norm")
ARE_CONDITIONS = True

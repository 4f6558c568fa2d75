"""Batch norm makes the loss smoother along the step.

Measured as Santurkar et al. (2018, figure 4): the range of the loss over steps of several lengths along the
gradient, averaged over training. The logarithm of the range without batch norm over that with it. At their
learning rate, 0.1, and at 0.01. Where steps are that small, the range is also the loss that a step gains,
which is larger with batch norm: it learns faster.
"""

from diagnostics.claims._conditions import at_both_steps

ORDER = 56
CLAIM = "Batch norm smooths the loss."
PAPERS = (
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, arXiv 1805.11604",
        "says the same",
    ),
)
PARTS = at_both_steps(
    "loss_range", "logarithm of the range of the loss along the step, without over with batch norm"
)
ARE_CONDITIONS = True

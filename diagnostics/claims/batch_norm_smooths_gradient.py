"""Batch norm makes the gradient more predictable along the step.

Measured as Santurkar et al. (2018, figure 4): the largest change of the gradient over steps of several
lengths along it, averaged over training. The logarithm of the change without batch norm over that with it.
At their learning rate, 0.1, and at 0.01, where both gradients may be steady.
"""

from diagnostics.claims._conditions import at_both_steps

ORDER = 57
CLAIM = "Batch norm makes the gradient steadier along the step."
PAPERS = (
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, arXiv 1805.11604",
        "says the same",
    ),
)
PARTS = at_both_steps(
    "gradient_distance",
    "logarithm of the change of the gradient along the step, without over with batch norm",
)
ARE_CONDITIONS = True

"""With batch norm, training survives badly scaled inputs.

Features multiplied by factors from 0.01 to 100. What batch norm gains in test accuracy there, in all and
beyond what it gains on well scaled inputs: both are needed. Under AdamW, which scales each weight's step
itself, and under SGD with momentum at a learning rate of 0.05.
"""

from diagnostics.claims._conditions import gains_on

ORDER = 52
CLAIM = "Batch norm lets training survive badly scaled inputs."
PAPERS = (
    (
        "Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167",
        "qualifies it: says so of the scale of weights",
    ),
)
PARTS = gains_on("badly scaled")
ARE_CONDITIONS = True

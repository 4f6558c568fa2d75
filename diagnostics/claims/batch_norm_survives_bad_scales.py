"""With batch norm, training survives badly scaled inputs.

Features multiplied by factors from 0.01 to 100. What batch norm gains in test accuracy there, in all or
beyond what it gains on well scaled inputs, whichever is less. Under AdamW, which scales each weight's step
itself, and under SGD with momentum at a learning rate of 0.05.
"""

from diagnostics.claims._conditions import gains_on

ORDER = 52
CLAIM = "Batch norm lets training survive badly scaled inputs."
PAPERS = (("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),)
PARTS = gains_on("badly scaled")
ARE_CONDITIONS = True

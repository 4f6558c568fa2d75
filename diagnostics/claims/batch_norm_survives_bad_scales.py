"""With batch norm, training survives badly scaled inputs.

Features multiplied by factors from 0.01 to 100. What batch norm gains in test accuracy there, less what it
gains on well scaled inputs.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 52
CLAIM = "Batch norm lets training survive badly scaled inputs."
EFFECT = "gain of test accuracy by batch norm with badly scaled inputs less its gain without"
UNIT = "of accuracy"
SMALLEST = 0.02
PAPERS = (("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    there = by_seed(rows, "batch norm, badly scaled", "test_accuracy") - by_seed(
        rows, "badly scaled", "test_accuracy"
    )
    return there - (by_seed(rows, "batch norm", "test_accuracy") - by_seed(rows, "plain", "test_accuracy"))

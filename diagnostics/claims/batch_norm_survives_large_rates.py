"""With batch norm, training survives large learning rates.

SGD with momentum at a learning rate of 0.4 against 0.05. What batch norm gains in test accuracy at the large
rate, in all and beyond what it gains at the moderate one: both are needed. A network that diverged counts
with the accuracy that it is left with. The range is short: on the digits both train at 0.2, and from 1 on
neither does (the full profile has all of these rates).
"""

from diagnostics.hypotheses import Effects, Rows, all_of, by_seed

ORDER = 54
CLAIM = "Batch norm lets training survive large learning rates."
EFFECT = "test accuracy at rate 0.4 with batch norm less that without, in all and beyond its gain at 0.05"
UNIT = "of accuracy"
SMALLEST = 0.02
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),
    ("Bjorck et al. 2018, Understanding Batch Normalization, arXiv 1806.02375", "says the same"),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    there = by_seed(rows, "batch norm, sgd large rate", "test_accuracy") - by_seed(
        rows, "sgd large rate", "test_accuracy"
    )
    here = by_seed(rows, "batch norm, sgd", "test_accuracy") - by_seed(rows, "sgd", "test_accuracy")
    return all_of(there, there - here)

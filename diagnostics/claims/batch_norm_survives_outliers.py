"""With batch norm, training survives outliers among the inputs.

One training sample in 20 multiplied by 30. What batch norm gains in test accuracy there, less what it gains
without outliers.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 53
CLAIM = "Batch norm lets training survive outliers."
EFFECT = "gain of test accuracy by batch norm with outliers less its gain without"
UNIT = "of accuracy"
SMALLEST = 0.02
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization", "says the same of activations"),
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?",
        "qualifies it: smoothness, not robustness, is what it brings",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    there = by_seed(rows, "batch norm, outliers", "test_accuracy") - by_seed(
        rows, "outliers", "test_accuracy"
    )
    return there - (by_seed(rows, "batch norm", "test_accuracy") - by_seed(rows, "plain", "test_accuracy"))

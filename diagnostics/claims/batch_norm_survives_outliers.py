"""With batch norm, training survives outliers among the inputs.

One training sample in 20 multiplied by 30, so that most batches have one or more. What batch norm gains in
test accuracy there, less what it gains without outliers.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 53
CLAIM = "Batch norm lets training survive outliers."
EFFECT = "gain of test accuracy by batch norm with outliers less its gain without"
UNIT = "of accuracy"
SMALLEST = 0.02
PAPERS = (
    (
        "Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167",
        "qualifies it: says so of the scale of weights and activations",
    ),
    (
        "Shen et al. 2020, PowerNorm: Rethinking Batch Normalization in Transformers, arXiv 2003.07845",
        "says the opposite: batches whose statistics swing make it unstable",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    there = by_seed(rows, "batch norm, outliers", "test_accuracy") - by_seed(
        rows, "outliers", "test_accuracy"
    )
    return there - (by_seed(rows, "batch norm", "test_accuracy") - by_seed(rows, "plain", "test_accuracy"))

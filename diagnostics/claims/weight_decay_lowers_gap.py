"""Weight decay lowers the generalization gap.

Decoupled weight decay of 1 against none (AdamW, learning rate 0.003), 20 % of the training labels wrong.
The gap is training accuracy less test accuracy. Refuted where the gap falls by less than a point.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 10
CLAIM = "Weight decay lowers the generalization gap."
EFFECT = "gap without less gap with decay 1"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (
    ("Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization", "says the same"),
    ("Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv 1711.05101", "says the same"),
    (
        "Zhang et al. 2017, Understanding Deep Learning Requires Rethinking Generalization, arXiv 1611.03530",
        "qualifies it: explicit regularization helps, and is not what generalizes",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return by_seed(rows, "plain", "gap_accuracy") - by_seed(rows, "decay 1", "gap_accuracy")

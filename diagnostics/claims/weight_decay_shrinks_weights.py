"""Weight decay keeps weights small.

The logarithm of the weight norm without decay over that with decay 1: 0.1 is a tenth smaller.
"""

from diagnostics.hypotheses import Effects, Rows, log_ratio

ORDER = 12
CLAIM = "Weight decay keeps the weights small."
EFFECT = "logarithm of the weight norm without over with decay 1"
UNIT = "(log)"
SMALLEST = 0.1
PAPERS = (
    ("Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization", "says the same"),
    ("Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv 1711.05101", "says the same"),
    (
        "van Laarhoven 2017, L2 Regularization versus Batch and Weight Normalization, arXiv 1706.05350",
        "qualifies it: under normalization the norm only sets the step",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return log_ratio(rows, "weight_norm", "plain", "decay 1")

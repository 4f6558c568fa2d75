"""Under Adam, decoupled weight decay generalizes better than L2 in the loss.

For each seed the strength that its validation samples prefer, of either kind, compared by test accuracy.
"""

from diagnostics.hypotheses import Effects, Rows, chosen_by_validation, names_of

ORDER = 13
CLAIM = "Under Adam, decoupled weight decay generalizes better than L2 in the loss."
EFFECT = "test accuracy with decoupled decay less that with L2, both chosen by validation"
UNIT = "of accuracy"
SMALLEST = 0.005
PAPERS = (
    ("Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv 1711.05101", "says the same"),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    decoupled = chosen_by_validation(rows, names_of(rows, "decay "), "test_accuracy")
    return decoupled - chosen_by_validation(rows, names_of(rows, "l2 "), "test_accuracy")

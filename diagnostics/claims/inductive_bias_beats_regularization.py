"""A matching inductive bias beats regularization.

A small CNN without any regularizer against the MLP with the regularizer that each seed's validation samples
prefer (decay, L2, L1, dropout, early stopping), by test accuracy.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed, chosen_by_validation, names_of

ORDER = 70
CLAIM = "A matching inductive bias beats regularization."
EFFECT = "test accuracy of the plain CNN less that of the best regularized MLP"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (
    ("LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition", "says the same"),
    (
        "Zhang et al. 2017, Understanding Deep Learning Requires Rethinking Generalization, arXiv 1611.03530",
        "says the same: regularizers are not the reason of generalization",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    kinds = ("decay ", "l2 ", "l1 ", "dropout ")
    regularized = [name for kind in kinds for name in names_of(rows, kind)] + ["early stopping"]
    return by_seed(rows, "cnn", "test_accuracy") - chosen_by_validation(rows, regularized, "test_accuracy")

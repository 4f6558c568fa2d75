"""A matching inductive bias beats regularization.

A small CNN without any regularizer against the MLP with the regularizer that each seed's validation samples
prefer, by test accuracy, trained for as many epochs. With a part of the training labels wrong (decay, L2, L1,
dropout, early stopping), which a network without any regularizer learns by heart; and with none (decay,
dropout, early stopping).
"""

from diagnostics.claims._conditions import RIGHT, WRONG
from diagnostics.hypotheses import Effects, Part, Rows, by_seed, chosen_by_validation, names_of

ORDER = 70
CLAIM = "A matching inductive bias beats regularization."
EFFECT = "test accuracy of the plain CNN less that of the best regularized MLP"
PAPERS = (
    (
        "LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition",
        "qualifies it: convolutions beat connected layers of more weights; no regularizer is compared",
    ),
    (
        "Zhang et al. 2017, Understanding Deep Learning Requires Rethinking Generalization, arXiv 1611.03530",
        "says the same: changing the architecture gains more than any regularizer",
    ),
)


def _lead(rows: Rows, before: str, kinds: tuple[str, ...]) -> Effects:
    regularized = [name for kind in kinds for name in names_of(rows, f"{before}{kind}")]
    best = chosen_by_validation(rows, regularized, "test_accuracy")
    return by_seed(rows, f"{before}cnn", "test_accuracy") - best


def _lead_with_wrong(rows: Rows) -> Effects:
    return _lead(rows, "", ("decay ", "l2 ", "l1 ", "dropout ", "early stopping"))


def _lead_with_right(rows: Rows) -> Effects:
    return _lead(rows, "right labels: ", ("decay ", "dropout ", "early stopping"))


PARTS = (
    Part(WRONG, EFFECT, "of accuracy", 0.01, _lead_with_wrong),
    Part(RIGHT, EFFECT, "of accuracy", 0.01, _lead_with_right),
)
ARE_CONDITIONS = True

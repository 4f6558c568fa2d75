"""A support vector machine with a wider margin overfits less.

A linear SVM with a small penalty on violations (C = 0.01: wide margin) against a large one (C = 100:
narrow), with 20 % of the training labels wrong: the gap of the narrow one less that of the wide one; and
that its margin is wider, which the penalty alone does not say.
"""

from diagnostics.hypotheses import Effects, Part, Rows, by_seed, log_ratio

ORDER = 73
CLAIM = "A wider margin overfits less."
PAPERS = (("Cortes and Vapnik 1995, Support-Vector Networks", "says the same"),)


def _gap(rows: Rows) -> Effects:
    return by_seed(rows, "svm narrow", "gap_accuracy") - by_seed(rows, "svm wide", "gap_accuracy")


def _margin(rows: Rows) -> Effects:
    return log_ratio(rows, "margin", "svm wide", "svm narrow")


PARTS = (
    Part("the margin is wider", "logarithm of the wide margin over the narrow one", "(log)", 0.1, _margin),
    Part(
        "the gap is smaller",
        "gap of the narrow-margin SVM less that of the wide-margin one",
        "of accuracy",
        0.01,
        _gap,
    ),
)

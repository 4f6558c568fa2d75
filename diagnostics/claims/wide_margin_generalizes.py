"""A support vector machine with a wider margin overfits less.

A linear SVM with a small penalty on violations (C = 0.01: wide margin) against a large one (C = 100:
narrow), with 20 % of the training labels wrong: the gap of the narrow one less that of the wide one.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 73
CLAIM = "A wider margin overfits less."
EFFECT = "gap of the narrow-margin SVM less that of the wide-margin one"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (("Cortes and Vapnik 1995, Support-Vector Networks", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return by_seed(rows, "svm narrow", "gap_accuracy") - by_seed(rows, "svm wide", "gap_accuracy")

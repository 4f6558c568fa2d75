"""It is the match that helps: with permuted pixels the CNN loses of its lead.

What the CNN gains over the MLP on images, less what it gains when the pixels stand in one random order. What
it keeps there is no match with images: a CNN this small also learns fewer wrong labels by heart.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 71
CLAIM = "An inductive bias helps more where it matches the data."
EFFECT = "lead of the CNN on images less its lead on permuted pixels"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (("Wolpert 1996, The Lack of A Priori Distinctions Between Learning Algorithms", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    lead = by_seed(rows, "cnn", "test_accuracy") - by_seed(rows, "plain", "test_accuracy")
    permuted = by_seed(rows, "cnn, permuted", "test_accuracy") - by_seed(rows, "permuted", "test_accuracy")
    return lead - permuted

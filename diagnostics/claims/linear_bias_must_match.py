"""A linear model wins where the truth is linear, and only there.

Labels made from the inputs by a random linear rule, and by the product of two: the lead of the linear model
over the MLP on the first, less that on the second.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 72
CLAIM = "A linear model is better where the truth is linear, and only there."
EFFECT = "lead of the linear model on a linear target less that on a non-linear one"
UNIT = "of accuracy"
SMALLEST = 0.02
PAPERS = (("Wolpert 1996, The Lack of A Priori Distinctions Between Learning Algorithms", "says the same"),)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    leads = [
        by_seed(rows, f"linear model, {target}", "test_accuracy")
        - by_seed(rows, f"mlp, {target}", "test_accuracy")
        for target in ("linear target", "non-linear target")
    ]
    return leads[0] - leads[1]

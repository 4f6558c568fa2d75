"""Beyond some strength weight decay costs test accuracy.

The decay that each seed's validation samples prefer against the strongest decay of the study. Refuted where
the strongest is within a point of the best.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed, chosen_by_validation, names_of

ORDER = 11
CLAIM = "Weight decay helps test accuracy up to a point, and harms beyond it."
EFFECT = "test accuracy at the decay that validation prefers less that at the strongest"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (
    (
        "Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization",
        "says the same: if the size is chosen right",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    decays = ["plain", *names_of(rows, "decay ")]
    return chosen_by_validation(rows, decays, "test_accuracy") - by_seed(rows, decays[-1], "test_accuracy")

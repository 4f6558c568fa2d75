"""Up to some strength weight decay gains test accuracy, beyond it costs.

The decay that each seed's validation samples prefer against none; and none against the strongest decay of
the study. Refuted where the first gains less than a point, or the second costs less.
"""

from diagnostics.hypotheses import Effects, Part, Rows, by_seed, chosen_by_validation, names_of

ORDER = 11
CLAIM = "Weight decay helps test accuracy up to a point, and harms beyond it."
PAPERS = (
    (
        "Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization",
        "says the same: if the size is chosen right",
    ),
)


def _helps(rows: Rows) -> Effects:
    decays = ["plain", *names_of(rows, "decay ")]
    return chosen_by_validation(rows, decays, "test_accuracy") - by_seed(rows, "plain", "test_accuracy")


def _harms(rows: Rows) -> Effects:
    strongest = names_of(rows, "decay ")[-1]
    return by_seed(rows, "plain", "test_accuracy") - by_seed(rows, strongest, "test_accuracy")


PARTS = (
    Part(
        "helps",
        "test accuracy at the decay that validation prefers less that without",
        "of accuracy",
        0.01,
        _helps,
    ),
    Part("harms", "test accuracy without decay less that at the strongest", "of accuracy", 0.01, _harms),
)

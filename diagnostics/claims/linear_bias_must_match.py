"""A linear model wins where the truth is linear, and only there.

Labels made from the inputs by a random linear rule, and by whether two such rules agree; none wrong. Both
models train until they fit what they can. The lead of the linear model over the MLP in test accuracy is to be
a point where the truth is linear, and less where it is not.
"""

from diagnostics.hypotheses import Effects, Part, Rows, by_seed

ORDER = 72
CLAIM = "A linear model is better where the truth is linear, and only there."
PAPERS = (("Wolpert 1996, The Lack of A Priori Distinctions Between Learning Algorithms", "says the same"),)
EFFECT = "test accuracy of the linear model less that of the MLP"


def _lead(rows: Rows, target: str) -> Effects:
    models = (by_seed(rows, f"{model}, {target}", "test_accuracy") for model in ("linear model", "mlp"))
    return next(models) - next(models)


PARTS = (
    Part("the truth is linear", EFFECT, "of accuracy", 0.01, lambda rows: _lead(rows, "linear target")),
    Part(
        "the truth is not linear",
        f"{EFFECT}: the claim is that it does not lead",
        "of accuracy",
        0.01,
        lambda rows: _lead(rows, "non-linear target"),
        is_absence=True,
    ),
)

"""Batch norm reduces internal covariate shift.

Measured as Santurkar et al. (2018, definition 2.1 and figure 2): the gradient of a layer's weights, and what
it is once the layers below have taken their step; the distance between the two, and the cosine of their
angle, averaged over layers and over training. Positive where batch norm reduces the shift: the logarithm of
the distance without it over that with it, and the cosine with it less that without. Measured at their
learning rate, 0.1, at which a network without batch norm staggers, and at 0.01, at which both learn calmly:
a property of batch norm shows at both, and in either measure.
"""

from diagnostics.claims._conditions import STEPS, at_both_steps
from diagnostics.hypotheses import Effects, Part, Rows, by_seed

ORDER = 55
CLAIM = "Batch norm reduces internal covariate shift."
PAPERS = (
    ("Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167", "says the same"),
    (
        "Santurkar et al. 2018, How Does Batch Normalization Help Optimization?, arXiv 1805.11604",
        "says the opposite",
    ),
)


def _direction(name: str, steps: str) -> Part:
    def effects(rows: Rows) -> Effects:
        without, with_it = f"smoothness{steps}", f"smoothness, batch norm{steps}"
        return by_seed(rows, with_it, "shift_cosine") - by_seed(rows, without, "shift_cosine")

    effect = "cosine of the gradient before and after the shift, with batch norm less without"
    return Part(f"its angle {name}", effect, "of cosine", 0.05, effects)


PARTS = (
    *at_both_steps("shift_distance", "logarithm of the shift without over with batch norm", "its distance "),
    *(_direction(name, steps) for name, steps in STEPS.items()),
)
ARE_CONDITIONS = True

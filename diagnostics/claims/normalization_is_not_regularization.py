"""Normalization is not regularization: layer norm leaves the gap as it is.

Layer norm normalizes as batch norm does, but without the noise of a batch. If normalizing itself
regularized, the gap would fall by a point or more; the claim is that it does not.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 51
CLAIM = "Normalization is not regularization."
EFFECT = "gap without less gap with layer norm: the claim is that there is none"
UNIT = "of accuracy"
SMALLEST = 0.01
IS_ABSENCE = True
PAPERS = (
    ("Ba et al. 2016, Layer Normalization, arXiv 1607.06450", "says the same: presented for optimization"),
    (
        "Zhang et al. 2019, Fixup Initialization, arXiv 1901.09321",
        "says the same: without normalization other regularizers reach as far",
    ),
)


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    return by_seed(rows, "plain", "gap_accuracy") - by_seed(rows, "layer norm", "gap_accuracy")

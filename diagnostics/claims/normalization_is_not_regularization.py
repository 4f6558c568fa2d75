"""Normalization is not regularization: layer norm does not lower the gap.

Layer norm normalizes as batch norm does, but without the noise of a batch. If normalizing itself
regularized, the gap would fall by a point or more; the claim is that it does not (it may grow). With a part
of the training labels wrong, and with none.
"""

from diagnostics.claims._conditions import gap_falls

ORDER = 51
CLAIM = "Normalization is not regularization."
PAPERS = (
    (
        "Ba et al. 2016, Layer Normalization, arXiv 1607.06450",
        "qualifies it: made to speed training up; recurrent networks are said to generalize better too",
    ),
    (
        "Zhang et al. 2019, Fixup Initialization, arXiv 1901.09321",
        "qualifies it: networks without normalization want more of other regularizers",
    ),
)
PARTS = gap_falls(
    "layer norm",
    "layer norm, 0% wrong labels",
    "gap without less gap with layer norm: the claim is that it does not fall",
    is_absence=True,
)
ARE_CONDITIONS = True

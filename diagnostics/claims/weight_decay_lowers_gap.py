"""Weight decay lowers the generalization gap.

Decoupled weight decay of 1 against none (AdamW, learning rate 0.003). The gap is training accuracy less that
on test samples, of whose labels as many are wrong as of the training's: 20 %, which a network may learn by
heart, and none. Refuted where the gap falls by less than a point.
"""

from diagnostics.claims._conditions import gap_falls

ORDER = 10
CLAIM = "Weight decay lowers the generalization gap."
PAPERS = (
    ("Krogh and Hertz 1991, A Simple Weight Decay Can Improve Generalization", "says the same"),
    ("Loshchilov and Hutter 2019, Decoupled Weight Decay Regularization, arXiv 1711.05101", "says the same"),
    (
        "Zhang et al. 2017, Understanding Deep Learning Requires Rethinking Generalization, arXiv 1611.03530",
        "qualifies it: explicit regularization helps, and is not what generalizes",
    ),
)
PARTS = gap_falls("decay 1", "right labels: decay 1", "gap without less gap with decay 1")
ARE_CONDITIONS = True

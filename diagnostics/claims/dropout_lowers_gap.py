"""Dropout lowers the generalization gap.

The gap without dropout less that with rate 0.5. With a part of the training labels wrong, and with none.
"""

from diagnostics.claims._conditions import gap_falls

ORDER = 40
CLAIM = "Dropout lowers the generalization gap."
PAPERS = (
    (
        "Srivastava et al. 2014, Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        "says the same",
    ),
)
PARTS = gap_falls("dropout 0.5", "right labels: dropout 0.5", "gap without less gap with dropout 0.5")
ARE_CONDITIONS = True

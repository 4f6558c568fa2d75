"""With batch norm, training survives outliers among the inputs.

One training sample in 20 multiplied by 30, so that most batches have one or more. What batch norm gains in
test accuracy there, in all and beyond what it gains without outliers: both are needed. Under AdamW, and
under SGD with momentum at a learning rate of 0.05.
"""

from diagnostics.claims._conditions import gains_on

ORDER = 53
CLAIM = "Batch norm lets training survive outliers."
PAPERS = (
    (
        "Ioffe and Szegedy 2015, Batch Normalization, arXiv 1502.03167",
        "qualifies it: says so of the scale of weights and activations",
    ),
    (
        "Shen et al. 2020, PowerNorm: Rethinking Batch Normalization in Transformers, arXiv 2003.07845",
        "qualifies it: batches of text, whose statistics swing, make it unstable",
    ),
)
PARTS = gains_on("outliers")
ARE_CONDITIONS = True

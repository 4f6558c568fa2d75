"""More data does what a regularizer does: it lowers the gap.

The gap with 75 training samples less that with the most that the study has, 600 where there are as many, no
regularizer. Not measured where fewer than twice as many samples are left for training.
"""

from diagnostics.hypotheses import Effects, Rows, by_seed

ORDER = 30
CLAIM = "More data does what a regularizer does."
EFFECT = "gap with 75 samples less gap with the most"
UNIT = "of accuracy"
SMALLEST = 0.01
PAPERS = (("Vapnik 1999, An Overview of Statistical Learning Theory", "says the same"),)
FEW, LEAST_FACTOR = 75, 2


def effects(rows: Rows) -> Effects:
    """Return the effect of each seed."""
    names = {str(name) for name in rows["setting"] if str(name).endswith(" samples")}
    most = max(int(name.split()[0]) for name in names)
    if most < LEAST_FACTOR * FEW:
        raise ValueError(f"{most} samples are not many more than {FEW}")
    few, many = (by_seed(rows, f"{number} samples", "gap_accuracy") for number in (FEW, most))
    return few - many

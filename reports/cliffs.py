"""Cliffs: neighbouring shapes of which one costs several times as much an element as the other."""

from dataclasses import dataclass
from itertools import pairwise

from reports.frames import Frame

CLIFF = 3.0
SAME_SIZE = 1.5  # up to this ratio of sizes a fall counts as well: a larger shape is often cheaper an element


@dataclass(frozen=True)
class Cliff:
    """Two neighbours in size.

    Attributes
    ----------
    group : tuple of str
        What they have in common.
    cheap, dear : str
        The two shapes.
    factor : float
        Seconds an element of the dear one over those of the cheap one.
    """

    group: tuple[str, ...]
    cheap: str
    dear: str
    factor: float


def cliffs(rows: Frame, by: list[str]) -> list[Cliff]:
    """Return the cliffs between neighbours in size, the steepest first.

    A shape that is dearer than a smaller one is one; that a large shape is cheaper an element than a small
    one is none, since starting a call costs the same for both, unless they are about as large.

    Parameters
    ----------
    rows : DataFrame
        Columns `shape`, `num_elements`, `seconds` and those of `by`.
    by : list of str
        Columns within which shapes are neighbours.
    """
    found = []
    for group, part in rows.groupby(by, sort=False):
        medians = part.groupby(["num_elements", "shape"])["seconds"].median()
        steps = [(size, shape, seconds / size) for (size, shape), seconds in medians.items() if seconds > 0]
        for (size_a, a, cost_a), (size_b, b, cost_b) in pairwise(steps):
            if cost_b / cost_a > CLIFF:
                found.append(Cliff(group, a, b, cost_b / cost_a))
            elif cost_a / cost_b > CLIFF and size_b / size_a < SAME_SIZE:
                found.append(Cliff(group, b, a, cost_a / cost_b))
    return sorted(found, key=lambda cliff: -cliff.factor)

"""What the passes of a result file hold for comparing runs: read alike by `bench` and `reports`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from statistics import median
from typing import Any

REFERENCES = ("arithmetic", "copy", "pipe")


def number(value: object) -> float | None:
    """Return a JSON number that can be a duration: finite and positive; None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if isfinite(value) and value > 0 else None


def pass_seconds(passes: Iterable[Mapping[str, Any]]) -> list[float]:
    """Return the usable durations of one configuration's passes, one a pass."""
    return [seconds for one in passes if (seconds := number(one.get("seconds"))) is not None]


def rounds_seconds(passes: Iterable[Mapping[str, Any]]) -> list[float]:
    """Return every round of all passes of one configuration."""
    return [
        seconds
        for one in passes
        for value in one.get("rounds_seconds") or ()
        if (seconds := number(value)) is not None
    ]


def reference_seconds(configurations: Iterable[Sequence[Mapping[str, Any]]]) -> dict[str, list[float]]:
    """Return each reference's seconds, one value a pass: the median over all places where it was timed.

    Parameters
    ----------
    configurations : iterable of sequence of mapping
        The passes of every configuration of a run.

    Returns
    -------
    dict of str to list of float
        By the reference's name (`REFERENCES`), in the order of the passes; only those that were timed.
    """
    found: dict[str, dict[int, list[float]]] = {kind: defaultdict(list) for kind in REFERENCES}
    for passes in configurations:
        for position, one in enumerate(passes):
            told, given = one.get("reference"), one.get("pass")
            reference = told if isinstance(told, Mapping) else {}
            place = given if isinstance(given, int) else position
            for kind in REFERENCES:
                if (seconds := number(reference.get(f"{kind}_seconds"))) is not None:
                    found[kind][place].append(seconds)
    return {
        kind: [median(by_pass[place]) for place in sorted(by_pass)]
        for kind, by_pass in found.items()
        if by_pass
    }

"""What a reader must know about all verdicts together: what noise leaves open, and what they are worth."""

from collections.abc import Iterator, Sequence

from diagnostics import calibrations
from diagnostics.comparisons import Comparison
from diagnostics.differences import MIN_RUNS, RunValues, is_interleaved
from diagnostics.resolution import too_noisy
from reports.comparison.sides import Side


def remarks(a: Side, b: Side, compared: Sequence[Comparison]) -> Iterator[str]:
    """Yield the size of difference that noise hides, and how often such verdicts were right here."""
    if noise := too_noisy(compared):
        yield f"{b.name} against {a.name}: {noise}"
    if told := calibrations.quote(calibrations.read(), "saved", _rule(a, b), _machine(a, b)):
        yield f"{told}."


def _rule(a: Side, b: Side) -> str:
    """Return which way of comparing saved runs this is, as a calibration calls it."""
    if min(len(a.members), len(b.members)) < MIN_RUNS:
        return "compare, 1 run a side"
    times = [[RunValues((), given.started) for given in side.members] for side in (a, b)]
    return "compare, 3 runs in turns" if is_interleaved(*times) else "compare, 3 runs a side"


def _machine(a: Side, b: Side) -> dict[str, object]:
    """Return the facts that a calibration holds for, as far as all runs agree on them; else none."""
    runs = [given.run for side in (a, b) for given in side.members]
    found = {
        key: [run.facts[key].value for run in runs if key in run.facts] for key in calibrations.MACHINE_FACTS
    }
    if not all(
        len(values) == len(runs) and values.count(values[0]) == len(runs) for values in found.values()
    ):
        return {}
    return {key: values[0] for key, values in found.items()}

"""`--fail-on slower:5%`: when a comparison counts as failed, and the one line that says so."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.comparisons import Outcome
from reports.comparison.result import Result, Row
from reports.load import ResultError
from reports.wording import number, shorten

_FORM = re.compile(r"slower(?::\s*(\d+(?:\.\d*)?|\.\d+)\s*(%?))?")
EXPECTED = "expected slower, slower:5% (any percentage) or slower:0.05 (a fraction below 1)"
MOST_NAMES = 5


@dataclass(frozen=True)
class Gate:
    """Fails where a verdict is `slower` and the whole 95 % interval lies beyond `share`."""

    share: float

    def crossed(self, result: Result) -> list[Row]:
        """Return the configurations that are slower beyond the limit, the largest ratio first."""
        rows = [row for against in result.against for row in against.rows]
        failed = [
            row
            for row in rows
            if row.comparison.verdict is Outcome.SLOWER and row.comparison.low > 1 + self.share
        ]
        return sorted(failed, key=lambda row: -row.comparison.ratio)


def parse(text: str) -> Gate:
    """Return the gate that `--fail-on` asks for.

    Raises
    ------
    ResultError
        The text is none, in one sentence with the valid forms.
    """
    found = _FORM.fullmatch(text.strip())
    share = float(found[1] or 0) / (100 if found[2] else 1) if found else math.nan
    if found is None or (share >= 1 and not found[2]):
        raise ResultError(f"--fail-on {shorten(ascii(text), 60)} is no gate; {EXPECTED}.")
    return Gate(share)


def line(gate: Gate, crossed: Sequence[Row], result: Result) -> str:
    """Return what crossed the gate, in one line."""
    total = sum(len(against.rows) for against in result.against)
    one = len(crossed) == 1
    several = len(result.against) > 1
    told = [_told(row, result if several else None) for row in crossed[:MOST_NAMES]]
    more = f" and {len(crossed) - MOST_NAMES} more" if len(crossed) > MOST_NAMES else ""
    beyond = f" by more than {100 * gate.share:g} %" if gate.share else ""
    verb = "configuration is" if total == 1 else ("configurations is" if one else "configurations are")
    return f"{len(crossed)} of {total} {verb} slower{beyond}: {', '.join(told)}{more}."


def _told(row: Row, result: Result | None) -> str:
    side = next((f" on {each.b.name}" for each in result.against if row in each.rows), "") if result else ""
    interval = f"95 % interval {number(row.comparison.low)} to {number(row.comparison.high)}"
    name = " ".join(shorten(row.comparison.name).split())
    return f"{name}{side} ({number(row.comparison.ratio)}, {interval})"

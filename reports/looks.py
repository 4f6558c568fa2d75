"""How a start method looks: the same colour, marker and dash in every figure of a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reports import canvas
from reports.headlines import IN_PROCESS


@dataclass(frozen=True)
class Look:
    """Colour, marker and dashes of a series; `shift` sets it beside its tick so that it hides no other."""

    colour: str
    marker: str
    dashes: Any
    shift: float = 0.0


KNOWN = {
    IN_PROCESS: Look(canvas.GREY, "X", ""),
    "fork": Look(canvas.BLUE, "o", ""),
    "spawn": Look(canvas.ORANGE, "^", canvas.DASHES[1], -0.2),
    "forkserver": Look(canvas.GREEN, "s", canvas.DASHES[2], 0.2),
}
OTHER = Look(canvas.PINK, "D", canvas.DASHES[3], 0.1)


def of_start_methods(present: Iterable[str]) -> dict[str, Look]:
    """Return the look of each method that is present, the known ones first and in a fixed order."""
    found = set(present)
    ordered = [*(method for method in KNOWN if method in found), *sorted(found - set(KNOWN))]
    return {method: KNOWN.get(method, OTHER) for method in ordered}


def colours(looks: dict[str, Look]) -> dict[str, str]:
    """Return seaborn's palette for these looks."""
    return {method: look.colour for method, look in looks.items()}

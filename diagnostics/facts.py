"""Facts: what is known about a machine, each with its unit and its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fact:
    """One thing known about the machine.

    Attributes
    ----------
    value : str, int, float, bool, list or None
        JSON types only. None says that the thing is there and has no limit or is not set; what could not be
        read is left out of the facts altogether.
    unit : str
        Base unit ("seconds", "bytes", "hertz", "cores", "fraction"), or "" where there is none.
    source : str
        Where it was read, so that the user can look: "/proc/meminfo", "os.sched_getaffinity".
    """

    value: Any
    unit: str
    source: str


Facts = dict[str, Fact]


def as_document(facts: Mapping[str, Fact]) -> dict[str, dict[str, Any]]:
    """Return the facts as the JSON object that result files and `--json` documents hold."""
    return {key: {"value": f.value, "unit": f.unit, "source": f.source} for key, f in sorted(facts.items())}


def from_document(document: object) -> Facts:
    """Read facts back from a JSON object; entries of another shape are left out."""
    if not isinstance(document, Mapping):
        return {}
    return {
        str(key): Fact(entry["value"], str(entry.get("unit", "")), str(entry.get("source", "")))
        for key, entry in document.items()
        if isinstance(entry, Mapping) and "value" in entry
    }

"""Which runs form which side, and in what their machines differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_uppercase

from diagnostics.facts import Fact
from reports.comparison.machines import (
    HARDWARE_FACTS,
    are_equal,
    are_one_machine,
    described,
    is_recorded,
    key_facts,
    told,
)
from reports.comparison.reading import Given
from reports.load import ResultError
from reports.private_patterns import HIDDEN
from reports.wording import listed, shorten


@dataclass(frozen=True, eq=False)
class Side:
    """Runs that are compared as one: of one machine, of one version of the code, or a single one."""

    letter: str
    name: str
    members: tuple[Given, ...]

    @property
    def machine(self) -> str:
        """The machines of the runs in one line."""
        return "; ".join(dict.fromkeys(described(given.run) for given in self.members))


@dataclass(frozen=True)
class FactDifference:
    """A fact that matters and differs: its values on both sides as text."""

    key: str
    a: str
    b: str


def arranged(groups: Sequence[Sequence[Given]], *, is_explicit: bool) -> list[Side]:
    """Return the sides, the baseline first.

    Parameters
    ----------
    groups : sequence of sequence of Given
        What each argument held, or with `is_explicit` the two sides that the user named.

    Raises
    ------
    ResultError
        There is only one run.
    """
    everything = [given for group in groups for given in group]
    if len(everything) < 2:
        raise ResultError("There is one result only; expected at least two, such as: compare A.json B.json.")
    chosen = [list(group) for group in groups]
    if not is_explicit and len(groups) != 2:
        machines = by_machine(everything)
        chosen = machines if len(machines) > 1 else [[given] for given in everything]
    return _named(chosen)


def by_machine(members: Sequence[Given]) -> list[list[Given]]:
    """Return the runs grouped by machine, in the order of their first runs."""
    groups: list[tuple[dict[str, Fact], list[Given]]] = []
    for given in members:
        facts = key_facts(given.run)
        home = next((group for known, group in groups if are_one_machine(known, facts)), None)
        if home is None:
            groups.append((facts, [given]))
        else:
            home.append(given)
    return [group for _, group in groups]


def _named(groups: Sequence[Sequence[Given]]) -> list[Side]:
    letters = [ascii_uppercase[i] if i < 26 else f"S{i + 1}" for i in range(len(groups))]
    names = [
        group[0].label if len(group) == 1 else letter for group, letter in zip(groups, letters, strict=True)
    ]
    return [
        Side(letter, name if names.count(name) == 1 else f"{name} ({letter})", tuple(group))
        for letter, name, group in zip(letters, names, groups, strict=True)
    ]


def are_same_machine(a: Side, b: Side) -> bool:
    """Return whether all runs of both sides come from one machine, as far as they say."""
    facts = [key_facts(given.run) for given in (*a.members, *b.members)]
    return all(are_one_machine(one, other) for one, other in combinations(facts, 2))


def are_same_hardware(a: Side, b: Side) -> bool:
    """Return whether all runs of both sides ran on the same hardware, whatever its torch and limits."""
    facts = [
        {key: fact for key, fact in key_facts(given.run).items() if HARDWARE_FACTS.fullmatch(key)}
        for given in (*a.members, *b.members)
    ]
    return all(are_one_machine(one, other) for one, other in combinations(facts, 2))


def fact_differences(a: Side, b: Side) -> list[FactDifference]:
    """Return the facts that matter and differ between the sides or within one, by name.

    A fact that only one side recorded says nothing, but for a GPU beside a machine that has none.
    """
    found = [{key: _values(side, key) for key in _keys(side)} for side in (a, b)]
    gpus = {key for key in _keys(a) ^ _keys(b) if key.startswith("gpu.") and _is_without_gpu(a, b)}
    return [
        FactDifference(key, *_distinct(_text(a, key), _text(b, key)))
        for key in sorted((found[0].keys() & found[1].keys()) | gpus)
        if key in gpus or not _agree(key, found[0][key], found[1][key])
    ]


def recorded_once(a: Side, b: Side) -> list[str]:
    """Return the facts that matter and hold a value, and that only one of two stamped sides recorded."""
    if not are_stamped(a, b):
        return []
    keys = {key for key in _keys(a) ^ _keys(b) if not (key.startswith("gpu.") and _is_without_gpu(a, b))}
    return sorted(key for key in keys if any(v is not None for side in (a, b) for v in _values(side, key)))


def _is_without_gpu(a: Side, b: Side) -> bool:
    counts = [_values(side, "gpu.count") for side in (a, b)]
    return all(counts) and any(not any(found) for found in counts)


def are_stamped(a: Side, b: Side) -> bool:
    """Return whether both sides carry facts of ours, not only what pytest-benchmark or pyperf record."""
    return all(any(given.run.facts for given in side.members) for side in (a, b))


def _keys(side: Side) -> set[str]:
    return {key for given in side.members for key in key_facts(given.run)}


def _values(side: Side, key: str) -> list[object]:
    facts = (key_facts(given.run).get(key) for given in side.members)
    return [fact.value for fact in facts if fact is not None]


def _agree(key: str, a: Sequence[object], b: Sequence[object]) -> bool:
    return all(are_equal(key, a[0], value) for value in (*a, *b))


def _text(side: Side, key: str) -> str:
    texts = (
        told(given.run, key, fact)
        for given in side.members
        if (fact := key_facts(given.run).get(key)) is not None
    )
    return " | ".join(dict.fromkeys(texts)) or "none"


def _distinct(a: str, b: str) -> tuple[str, str]:
    """Return both texts so that hidden or rounded values still show that they differ."""
    return (a, f"another value, {HIDDEN}" if a == HIDDEN else f"{b} (differs)") if a == b else (a, b)


def notes(sides: Sequence[Side]) -> Iterator[str]:
    """Yield what a reader must know about the runs before believing the verdicts."""
    for side in sides:
        if len(by_machine(side.members)) > 1:
            yield f"{side.name} mixes runs of different machines: {side.machine}."
    members = [given for side in sides for given in side.members]
    yield from _copies(sides)
    for given in dict.fromkeys(members):
        yield from (f"{given.label}: {note}" for note in given.run.notes)
        if given.run.suite.get("complete") is False:
            yield f"{given.label} was cut off before its last pass."
        if not is_recorded(given.run):
            yield f"{given.label} does not say on which machine it was measured."


def _copies(sides: Sequence[Side]) -> Iterator[str]:
    """Yield which runs are one and the same, or claim to be."""
    contents: dict[str, list[tuple[Side, Given]]] = {}
    starts: dict[str, list[tuple[Side, Given]]] = {}
    for side in sides:
        for given in side.members:
            contents.setdefault(given.digest, []).append((side, given))
            starts.setdefault(given.started, []).append((side, given))
    for same in contents.values():
        if len(same) > 1:
            yield f"{_holders(same)} the same run ({_labels(same)}): a copy is no second measurement."
    for start, same in starts.items():
        if start and len({given.digest for _, given in same}) > 1:
            yield f"{_holders(same)} runs that began at the same moment ({_labels(same)}): copies, edited?"


def _holders(same: Sequence[tuple[Side, Given]]) -> str:
    letters = list(dict.fromkeys(side.letter for side, _ in same))
    return f"{listed(letters)} {'hold' if len(letters) > 1 else 'holds'}"


def _labels(same: Sequence[tuple[Side, Given]]) -> str:
    return shorten(", ".join(dict.fromkeys(given.label for _, given in same)))

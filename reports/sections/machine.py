"""The machine as the run found it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from diagnostics.quantities import format_quantity
from reports.parts import Cell, Part, Section, Table, cell
from reports.report import Report
from reports.values import LARGEST_NUMBER, as_number, mapping

ORDER = 20
GENERAL = ("system", "release", "machine", "processor", "python_implementation", "python_version")
MOST_OPEN_ROWS = 16


def build(report: Report) -> Section | None:
    """Return the facts for reading, and folded the raw ones with unit and source."""
    info = report.run.machine_info
    facts = {key: fact for key, fact in mapping(info.get("facts")).items() if isinstance(fact, dict)}
    general = list(_general(info))
    if not facts and not general:
        return None
    parts: list[Part] = []
    if general:
        parts.append(Table("In short", ("what", "value"), general))
    if facts:
        readable = [[cell(key), cell(readable_value(fact))] for key, fact in sorted(facts.items())]
        parts.append(Table("Facts", ("fact", "value"), readable, is_folded=len(facts) > MOST_OPEN_ROWS))
        raw = [
            [cell(key), cell(fact.get("value"), as_number(fact.get("value"))), cell(fact.get("unit") or ""),
             cell(fact.get("source") or "")]
            for key, fact in sorted(facts.items())
        ]  # fmt: skip
        parts.append(
            Table(
                "Raw values, units and where they were read", ("fact", "value", "unit", "source"), raw, True
            )
        )
    return Section("machine", "The machine", parts)


def _general(info: dict[str, Any]) -> Iterator[list[Cell]]:
    cpu = mapping(info.get("cpu"))
    for name, value in (
        *((name.replace("_", " "), info.get(name)) for name in GENERAL),
        ("CPU", cpu.get("brand_raw") or cpu.get("brand")),
        ("logical CPUs", cpu.get("count")),
        ("GPU", _gpus(info)),
    ):
        if isinstance(value, (str, int, float)) and value != "":
            yield [cell(name), cell(value)]


def _gpus(info: dict[str, Any]) -> str:
    """Return the names of the GPUs that torch saw, each with how many there are where there are several."""
    names = mapping(mapping(info.get("facts")).get("torch.cuda_device_names")).get("value")
    told = Counter(str(name) for name in names) if isinstance(names, list) else Counter()
    return ", ".join(f"{amount} x {name}" if amount > 1 else name for name, amount in told.items())


def readable_value(fact: dict[str, Any]) -> str:
    """Return a fact's value in the unit that a reader expects, as the terminal writes it."""
    value, unit = fact.get("value"), str(fact.get("unit") or "")
    if isinstance(value, (str, list, dict)):
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    is_too_large = isinstance(value, int) and abs(value) >= LARGEST_NUMBER
    return f"a number of {len(str(value))} digits" if is_too_large else format_quantity(value, unit)

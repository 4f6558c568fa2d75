"""Result files to compare: calm runs of one machine, and edits of them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.comparison import reading, result, sides
from reports.comparison.result import Against, Result
from reports.comparison.sides import Side
from tests.reports import results

Document = dict[str, Any]
JITTER = (1.0, 1.003, 1.004, 0.998, 0.997, 1.0)  # what runs of a calm machine differ by
PASSES = (1.0, 1.002, 0.999)
TIMES = ("min", "max", "mean", "stddev", "median", "iqr", "q1", "q3")
NAN = float("nan")

FACTS = {
    key: {"value": value, "unit": "", "source": "test"}
    for key, value in {
        "cpu.model_name": "A CPU",
        "cpu.usable_cores": 2,
        "cpu.quota_cores": None,
        "cpu.load_1min": 0.3,
        "cpu.frequency_hertz": 2.4e9,
        "cpu.steal_fraction": 0.01,
        "gpu.count": 1,
        "gpu.0.model_name": "NVIDIA T4",
        "gpu.driver_version": "550.1",
        "memory.available_bytes": 10**9,
        "memory.cgroup_limit_bytes": None,
        "memory.total_bytes": 2000,
        "process.default_start_method": "fork",
        "python.version": "3.11.7",
        "system.kernel_version": "6.1",
        "torch.version": "2.13.0",
        "torch.intra_op_threads": 2,
        "torch.cuda_version": "12.8",
        "environment.OMP_NUM_THREADS": None,
    }.items()
}


def ours(number: int = 0, **facts: Any) -> Document:
    """Return run `number` of a calm machine; keyword arguments replace facts, `__` standing for a dot."""
    document = results.ours()
    chosen = [e for e in document["benchmarks"] if e["extra_info"]["topic"] in ("batchnorm", "dropout_step")]
    document["benchmarks"] = [calm(copy.deepcopy(entry), JITTER[number]) for entry in chosen]
    told = {key.replace("__", "."): value for key, value in facts.items()}
    changed = {key: {"value": value, "unit": "", "source": "test"} for key, value in told.items()}
    document["machine_info"] = {"node": "box", "facts": copy.deepcopy(FACTS) | changed}
    document["torch_checkup"] |= {"started": f"2026-03-01T1{number}:00:00+00:00", "failures": []}
    return document | {"datetime": f"2026-03-01T1{number}:05:00+00:00"}


def calm(entry: Document, factor: float) -> Document:
    """Return an entry whose passes hardly vary, references included."""
    seconds = entry["stats"]["median"] * factor
    for measured, drift in zip(entry["extra_info"]["passes"], PASSES, strict=True):
        measured["seconds"] = seconds * drift
        measured["reference"] = {k: v * drift for k, v in (("copy_seconds", 0.004), ("pipe_seconds", 3e-5))}
    entry["stats"] = results.plain_entry("", [seconds * drift for drift in PASSES])["stats"]
    return entry


def scaled(document: Document, factor: float, *, passes: bool = True) -> Document:
    """Return a copy with all times multiplied, in `stats` and, unless told otherwise, in the passes."""
    document = copy.deepcopy(document)
    for entry in document["benchmarks"]:
        for key in TIMES:
            entry["stats"][key] *= factor
        for measured in entry["extra_info"].get("passes", ()) if passes else ():
            measured["seconds"] *= factor
    return document


def dragged(document: Document, factor: float) -> Document:
    """Return a copy in which everything took longer, the references too: the machine, not the code."""
    document = scaled(document, factor)
    for entry in document["benchmarks"]:
        for measured in entry["extra_info"]["passes"]:
            measured["reference"] = {key: factor * value for key, value in measured["reference"].items()}
    return document


def plain(number: int = 0, *, with_data: bool = False, rounds: int = 3) -> Document:
    """Return a file of another suite: two benchmarks in rounds."""
    names = {"test_parse": 0.012, "test_render": 3e-6}
    made = [
        results.plain_entry(n, [s * JITTER[number] * d for d in PASSES[:rounds]]) for n, s in names.items()
    ]
    for entry in made if with_data else ():
        entry["stats"]["data"] = [entry["stats"]["median"]] * rounds
    info = {"cpu": {"brand_raw": "A CPU", "count": 2}, "system": "Linux", "python_version": "3.11.7"}
    when = f"2026-03-0{number + 1}T10:00:00"
    return results.plain(benchmarks=made, machine_info=info, datetime=when)


def write_all(folder: Path, name: str, documents: list[Document]) -> list[Path]:
    """Write documents as name0.json, name1.json, … and return their paths."""
    return [results.write(folder / f"{name}{i}.json", document) for i, document in enumerate(documents)]


def compared(folder: Path, a: list[Document], b: list[Document]) -> Result:
    """Compare two sides of documents, as `A --against B` does."""
    groups = [write_all(folder, "a", a), write_all(folder, "b", b)]
    given, passed_over = reading.read_sides(groups)
    return result.compare(sides.arranged(given, is_explicit=True), passed_over)


def of_groups(folder: Path, groups: list[list[Document]]) -> Result:
    """Compare any number of sides; each group is one."""
    letters = "abcdefgh"
    paths = [write_all(folder, letters[i], group) for i, group in enumerate(groups)]
    given, passed_over = reading.read_sides(paths)
    return result.compare(sides.arranged(given, is_explicit=True), passed_over)


def against(folder: Path, a: list[Document], b: list[Document]) -> Against:
    """Return the one pair of sides of such a comparison."""
    return compared(folder, a, b).against[0]


def three(make: Callable[[int], Document]) -> tuple[list[Document], list[Document]]:
    """Return three runs a side, measured in turns."""
    return [make(i) for i in (0, 2, 4)], [make(i) for i in (1, 3, 5)]


def side_of(folder: Path, documents: list[Document], letter: str = "A") -> Side:
    """Return a side of documents."""
    (members,), _ = reading.read_sides([write_all(folder, letter.lower(), documents)])
    return Side(letter, letter, tuple(members))


def verdicts(one: Against) -> set[str]:
    """Return which verdicts were given."""
    return {str(row.comparison.verdict) for row in one.rows}


def strict(text: str) -> Any:
    """Parse JSON as a strict parser does."""

    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)

"""Results of pyperf and hyperfine as pytest-benchmark documents, so that one reader serves all."""

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from reports.values import as_number, entries, mapping

SECOND = "second"


def as_pytest_benchmark(document: Any) -> Any:
    """Return a pyperf or hyperfine document as pytest-benchmark would have written it, any other as it is.

    The key `tool` names the tool; `extra_info.quantity` says what a value is where it is no time.
    """
    if not isinstance(document, dict):
        return document
    if any("command" in result for result in entries(document.get("results"))):
        return _from_hyperfine(document)
    listed = entries(document.get("benchmarks"))
    if any(isinstance(entry.get("runs"), list) and "stats" not in entry for entry in listed):
        return _from_pyperf(document)
    return document


def _entry(name: str, values: Sequence[float], **parts: Any) -> dict[str, Any]:
    stats: dict[str, float] = {"rounds": len(values)}
    if values:
        stats |= {"min": min(values), "max": max(values), "mean": fmean(values), "median": median(values)}
    entry = {"name": name, "fullname": name, "group": None, "params": None, "extra_info": {}, "stats": stats}
    return entry | parts


def _numbers(values: object) -> list[float]:
    found = [as_number(value) for value in values] if isinstance(values, list) else []
    return [value for value in found if math.isfinite(value)]


def _from_hyperfine(document: dict[str, Any]) -> dict[str, Any]:
    made = []
    for result in entries(document["results"]):
        times = _numbers(result.get("times"))
        known = {key: result[key] for key in ("median", "mean", "min", "max") if key in result}
        entry = _entry(str(result.get("command") or "(no command)"), times, params=result.get("parameters"))
        made.append(entry | {"stats": entry["stats"] | known})
    return {"benchmarks": made, "tool": "hyperfine"}


def _from_pyperf(document: dict[str, Any]) -> dict[str, Any]:
    shared = mapping(document.get("metadata"))
    made = [_pyperf_entry(entry, shared) for entry in entries(document["benchmarks"])]
    runs = [run for entry in entries(document["benchmarks"]) for run in entries(entry.get("runs"))]
    dates = [str(mapping(run.get("metadata")).get("date") or "") for run in runs]
    facts = {
        key: value for run in reversed(runs) for key, value in mapping(run.get("metadata")).items()
    } | shared
    return {
        "benchmarks": made,
        "datetime": min(filter(None, dates), default=shared.get("date")),
        "machine_info": _machine_info(facts),
        "tool": "pyperf",
    }


def _pyperf_entry(entry: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    about = shared | mapping(entry.get("metadata"))
    processes = [_numbers(run.get("values")) for run in entries(entry.get("runs"))]
    means = [fmean(values) for values in processes if values]  # the first run only calibrates
    extra: dict[str, Any] = {"passes": [{"pass": n, "seconds": mean} for n, mean in enumerate(means)]}
    if about.get("unit", SECOND) != SECOND:
        extra["quantity"] = about["unit"]
    return _entry(str(about.get("name") or "(no name)"), means, extra_info=extra)


def _machine_info(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "node": about.get("hostname"),
        "system": str(about.get("platform") or "").partition("-")[0],
        "python_version": str(about.get("python_version") or "").partition(" ")[0],
        "python_implementation": str(about.get("python_implementation") or ""),
        "cpu": {"brand_raw": about.get("cpu_model_name"), "count": about.get("cpu_count")},
    }

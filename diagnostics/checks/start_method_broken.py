"""Workers cannot be started by one of this platform's start methods.

What it means
-------------
A loader with two workers was tried under every start method that Python offers here: fork, spawn, forkserver.
With one of them no batch came: it raised, died, or hung until it was given up.

Why it matters
--------------
A script that works elsewhere fails or hangs here, with whatever start method it asks for.

How to fix
----------
Name a start method that works: `DataLoader(..., multiprocessing_context="spawn")`, under a main guard. What
the trial's last line says leads to the cause: a limit, a library that is missing, a folder that is read-only.

When it is fine
---------------
When the method that fails is one that nobody here uses.

References
----------
Python documentation, multiprocessing, "Contexts and start methods".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "MC104"
SLUG = "start-method-broken"
TITLE = "Workers do not start under every start method"
_METHODS = ("fork", "spawn", "forkserver")
_DEFAULT = "process.default_start_method"
_OUTCOMES = tuple(f"trial.{method}_loader_outcome" for method in _METHODS)
_PROBLEMS = tuple(f"trial.{method}_loader_problem" for method in _METHODS)
_SECONDS = tuple(f"trial.{method}_all_workers_seconds" for method in _METHODS)
NEEDS = (_DEFAULT, *_OUTCOMES, *_PROBLEMS, *_SECONDS)
_WORKS = dict(zip(NEEDS, ("fork", *["works"] * 3, *[None] * 3, 0.05, 2.3, 2.6), strict=True))
FIRES = _WORKS | {
    "trial.fork_loader_outcome": "hung",
    "trial.fork_loader_problem": "no batch of every worker within 60 s",
    "trial.fork_all_workers_seconds": None,
}
SILENT = _WORKS


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where the default start method is broken, warn where another is."""
    tried = [method for method, key in zip(_METHODS, _OUTCOMES, strict=True) if facts[key] is not None]
    works = [method for method in tried if facts[f"trial.{method}_loader_outcome"] == "works"]
    broken = [method for method in tried if method not in works]
    if not tried:
        return not_applicable("No loader was started here.")
    if not broken:
        return ok(f"Two workers start by {_times(facts, works)}.")
    default = facts[_DEFAULT]
    told = {method: _told(facts, method) for method in broken}
    remedy = Remedy(
        f"Start workers by {works[0]}, and look into what the trial said."
        if works
        else "Load in the main process until the cause is found.",
        (f'DataLoader(..., multiprocessing_context="{works[0]}")',)
        if works
        else ("DataLoader(..., num_workers=0)",),
    )
    which = ", ".join(broken)
    summary = f"Of {len(tried)} start methods {len(broken)} cannot start two workers: {which}."
    verdict = fail if default in broken or not works else warn
    return verdict(summary, tuple(told.values()), remedy)


def _times(facts: Mapping[str, Any], methods: list[str]) -> str:
    found = [(method, facts[f"trial.{method}_all_workers_seconds"]) for method in methods]
    told = [
        f"{method} in {format_quantity(value, 'seconds')}" for method, value in found if value is not None
    ]
    return ", ".join(told) or f"{len(methods)} methods"


def _told(facts: Mapping[str, Any], method: str) -> str:
    outcome, problem = (facts[f"trial.{method}_loader_{part}"] for part in ("outcome", "problem"))
    return f"2 workers by {method}: {outcome}: {problem or 'without a word'}"

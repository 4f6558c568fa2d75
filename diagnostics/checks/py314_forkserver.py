"""Workers are started by forkserver, Python 3.14's new default on Linux.

What it means
-------------
Until Python 3.13 Linux forked loader workers: they inherited everything. From 3.14 a fresh server process
starts them, so that datasets are pickled and the main module is imported anew, as on macOS and Windows.

Why it matters
--------------
Code that ran for years fails with "Can't pickle" or starts training again in each worker. Each worker
imports torch anew: 2.5 s and 145 MiB a worker were measured, against 0.05 s and 11 MiB with fork.

How to fix
----------
Put the entry under `if __name__ == "__main__":`, keep datasets and functions picklable, and preload torch
into the server: with a preload 4 workers started in 0.5 s rather than 10. Or ask for fork where no threads
and no CUDA are in use yet.

When it is fine
---------------
With a main guard, picklable datasets, the preload and persistent workers, it is the safer choice: fork
copies locks that other threads hold.

References
----------
Python documentation, "What's New In Python 3.14", multiprocessing; "Contexts and start methods".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, error_clue, recognised, says, told

CODE = "DL103"
SLUG = "py314-forkserver"
TITLE = "Workers are started by forkserver, the new default"
NEEDS = ("system.os_name", "python.version", "process.default_start_method")
FIRES = dict(zip(NEEDS, ("Linux", "3.14.0", "forkserver"), strict=True))
SILENT = dict(zip(NEEDS, ("Linux", "3.12.4", "fork"), strict=True))
_REFUSED = (
    r"[Cc]an'?(?:t|not) (?:pickle|get local)|cannot be pickled|bootstrapping phase|Can'?t get attribute"
)
_SAYING = (
    r"(?i)\b3\.14\b[^?!]{0,120}\bforkserver\b[^?!]{0,200}"
    r"(?:not picklable|cannot be pickled|can'?t pickle|PicklingError|bootstrapping)"
)
LOG_FIRES = (
    '  File "/usr/lib/python3.14/multiprocessing/popen_forkserver.py", line 47, in _launch\n'
    "    reduction.dump(process_obj, buf)\n"
    "_pickle.PicklingError: Can't pickle local object <function main.<locals>.collate at 0x7f>\n",
    '  File "/opt/python3.14/multiprocessing/popen_forkserver.py", line 42, in _launch\n'
    "    prep_data = spawn.get_preparation_data(process_obj._name)\n"
    "RuntimeError:\n        An attempt has been made to start a new process before the\n"
    "        current process has finished its bootstrapping phase.\n",
)
LOG_SILENT = (
    "UserWarning: Got pickle error when attempting to start a worker Process. Python 3.14+ changed the "
    "multiprocessing start method in non-Mac POSIX platforms to 'forkserver'\n"
    '  File "/Users/me/lib/python3.13/multiprocessing/popen_spawn_posix.py", line 47, in _launch\n'
    "    reduction.dump(process_obj, fp)\n"
    "AttributeError: Can't get local object 'main.<locals>.collate'\n",
)

_PREPARE = Remedy(
    "Guard the entry, keep arguments picklable and preload torch; or ask for fork.",
    (
        'if __name__ == "__main__":',
        'multiprocessing.set_forkserver_preload(["torch", "torch.utils.data", "numpy", "__main__"])',
        'DataLoader(..., persistent_workers=True)  # or multiprocessing_context="fork"',
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fire where Linux starts workers by forkserver."""
    os_name, version, method = (facts[key] for key in NEEDS)
    if os_name != "Linux":
        return not_applicable(
            f"Nothing new on {os_name}: workers start by {method}, with main guard and picklable datasets."
        )
    if method == "fork":
        return ok(f"Python {version} forks its workers: they inherit datasets without pickling.")
    if method != "forkserver":
        return not_applicable(f"Workers start by {method} here, not by forkserver.")
    evidence = (f"Python {version}: default start method {method} (before 3.14: fork)",)
    summary = f"Python {version} starts workers by forkserver: guard the entry, pickle the dataset."
    return warn(summary, evidence, _PREPARE)


def _find(trace: Trace) -> Clue | None:
    for error in trace.errors:
        by_forkserver = any("forkserver.py" in frame.path for frame in error.frames)
        is_new = any(f"python3.{minor}" in frame.path for minor in range(14, 20) for frame in error.frames)
        is_new = is_new or trace.platform.python in {f"3.{minor}" for minor in range(14, 20)}
        if by_forkserver and is_new and says(error, _REFUSED):
            return error_clue(trace, "", error)
    return None


def recognise(trace: Trace) -> Recognition | None:
    """Look for a refusal that only forkserver brings about, on a Python whose default it is."""
    found = _find(trace)
    words = None if found else told(trace, _SAYING)
    if words:
        summary = "Python 3.14 is said to have broken this: workers start by forkserver, and pickle."
        return recognised(words, summary, _PREPARE, Role.STATED, 60, "possible")
    if found is None or trace.platform.os_name in {"Windows", "Darwin"}:
        return None
    summary = (
        "Python 3.14 starts workers by forkserver rather than fork: what used to be "
        "inherited must be pickled."
    )
    return recognised(found, summary, _PREPARE, score=95, confidence="likely")

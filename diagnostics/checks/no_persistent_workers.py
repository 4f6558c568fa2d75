"""Workers are started anew for each epoch.

What it means
-------------
Without persistent_workers, all workers end with the epoch and start again with the next: seconds per worker
by spawn or forkserver, less by fork.

Why it matters
--------------
With short epochs the start is a large share of the time.

How to fix
----------
`persistent_workers=True`.

When it is fine
---------------
With long epochs, or where workers' memory must be given back.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, persistent_workers.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn
from diagnostics.quantities import format_quantity
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised, told

CODE = "DL265"
SLUG = "no-persistent-workers"
TITLE = "Workers are started anew each epoch"
NEEDS = ("run.start_seconds", "run.loop_seconds", "run.worker_starts_count", "run.has_persistent_workers")
FIRES = {
    "run.start_seconds": 30.0,
    "run.loop_seconds": 100.0,
    "run.worker_starts_count": 10,
    "run.has_persistent_workers": False,
}
SILENT = {
    "run.start_seconds": 3.0,
    "run.loop_seconds": 100.0,
    "run.worker_starts_count": 1,
    "run.has_persistent_workers": True,
}
START_FRACTION = 0.1  # of the loop
FEWEST_SECONDS = 1.0  # spent on starts after the first
_OF_EACH_EPOCH = (
    r"(?:(?:start|begin\w*|first (?:batch|iteration|step)s?) (?:of|in) (?:each|every|a new|the next) epochs?"
    r"|(?:between|after|before) (?:each|every|two|the)? ?epochs?)\b"
)
_WAITS = (
    r"\b(?:slow\w*|stuck|waits?|waiting|takes?|pauses?|stalls?|delays?|idles?|hangs? for"
    r"|\d+ ?(?:s|sec\w*|min\w*))\b"
)
_SAYING = rf"(?i)(?:{_WAITS}[^.?!]{{0,80}}{_OF_EACH_EPOCH}|{_OF_EACH_EPOCH}[^.?!]{{0,80}}{_WAITS})"
LOG_FIRES = (
    "Consider setting `persistent_workers=True` in 'train_dataloader' to speed up the dataloader worker "
    "initialization.\n",
    "lightning/data_connector.py:419: Consider setting `persistent_workers=True` in 'val_dataloader'\n",
)
LOG_SILENT = ("ValueError: persistent_workers option needs num_workers > 0\n",)


_KEEP = Remedy("Keep the workers from epoch to epoch.", ("DataLoader(..., persistent_workers=True)",))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare what starts and first batches take with the whole loop."""
    spent, loop = facts["run.start_seconds"], facts["run.loop_seconds"]
    num_starts = facts["run.worker_starts_count"]
    if not loop or spent is None or not num_starts:
        return not_applicable("No worker was started.")
    seconds = format_quantity(spent, "seconds")
    gained = spent * (num_starts - 1) / num_starts
    is_kept = facts["run.has_persistent_workers"] is True
    if is_kept or gained < max(START_FRACTION * loop, FEWEST_SECONDS):
        return ok(f"Starting workers and their first batches took {seconds}, in {num_starts} starts.")
    evidence = (
        f"{num_starts} starts and first batches took {seconds} of {format_quantity(loop, 'seconds')}",
    )
    return warn(f"Workers were started {num_starts} times, which took {seconds}.", evidence, _KEEP, "likely")


def recognise(trace: Trace) -> Recognition | None:
    """Look for Lightning's remark, or for words of a wait at the start of every epoch."""
    found = phrase(trace, r"Consider setting `?persistent_workers=True")
    if found is None:
        words = told(trace, _SAYING) if trace.mentions_loader else None
        summary = "Every epoch is said to begin with a wait, as it does where workers are started anew."
        return recognised(words, summary, _KEEP, Role.STATED, 43, "possible") if words else None
    return recognised(
        found,
        "Workers are started anew each epoch; Lightning remarks on it.",
        _KEEP,
        Role.REMARK,
        41,
        "certain",
    )

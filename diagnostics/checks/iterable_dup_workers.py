"""Every worker yields the whole stream.

What it means
-------------
An IterableDataset is copied to each worker, and each runs its `__iter__` from the beginning. Unless the
stream is divided, N workers give every sample N times.

Why it matters
--------------
Epochs are N times as long and the samples repeat, without an error.

How to fix
----------
Divide by `torch.utils.data.get_worker_info()` in `__iter__` (and by rank, under DDP).

When it is fine
---------------
Where each worker draws from an endless random stream, differently seeded.

References
----------
PyTorch documentation, torch.utils.data.IterableDataset, the examples.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok
from diagnostics.traces.clues import Clue, Recognition, Role, Trace, recognised, told
from diagnostics.traces.repeats import WORKERS, repeated_by_workers

CODE = "DL243"
SLUG = "iterable-dup-workers"
TITLE = "Every worker yields the whole stream"
NEEDS = (
    "run.stream_workers_count",
    "run.equal_stream_workers_count",
    "run.common_samples_count",
    "run.compared_samples_count",
)
FIRES = {
    "run.stream_workers_count": 4,
    "run.equal_stream_workers_count": 4,
    "run.common_samples_count": None,
    "run.compared_samples_count": None,
}
SILENT = {**FIRES, "run.equal_stream_workers_count": 0}
_DATA = r"\b(?:data|samples?|batch(?:es)?|examples?|records?|rows|keys)\b"
_SAYING = (
    rf"(?i){_DATA}[^.?!]{{0,40}}\b(?:repeated|repeats?|comes?|seen)\b[^.?!]{{0,30}}"
    r"(?:\d|num_?work\w*|number of workers) times",
    rf"(?i)\b(?:each|every|all(?: the)?) workers?\b[^.?!]{{0,30}}\bsame {_DATA}",
)
_TWICE = r"\bduplicat(?:e[sd]?|ion)\b"
_DOUBLED = rf"(?i){_DATA}[^.?!]{{0,20}}{_TWICE}|{_TWICE}[^.?!]{{0,20}}{_DATA}"
_STREAM = r"(?i)\biterable|\bstream|tfrecord|webdataset"
LOG_FIRES = (
    "worker 0 yields [0, 1, 2, 3]\nworker 1 yields [0, 1, 2, 3]\n",
    "worker_id 0: sample_0001.tar\nworker_id 1: sample_0001.tar\nworker_id 0: sample_0002.tar\n"
    "worker_id 1: sample_0002.tar\n",
)
LOG_SILENT = (
    "worker 0 yields [0, 2]\nworker 1 yields [1, 3]\n",
    "worker 0: 0.5488135\nworker 1: 0.5488135\n",
)


_DIVIDE = Remedy(
    "Let each worker yield its own share.",
    (
        "info = torch.utils.data.get_worker_info()",
        "yield from itertools.islice(stream, info.id, None, info.num_workers)",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Look for workers whose first batches are the same, or that give the same samples in another order."""
    num_workers, num_equal = facts["run.stream_workers_count"], facts["run.equal_stream_workers_count"]
    if not num_workers or num_equal is None:
        return not_applicable("No stream was read by several workers.")
    if not num_equal:
        return ok(f"The {num_workers} workers of a stream began with different samples.")
    same, of = facts["run.common_samples_count"], facts["run.compared_samples_count"]
    compared = f"{same} of {of} samples that were compared came from another worker too, in another order"
    equal = f"the first batches of {num_equal} of {num_workers} workers are equal"
    evidence = (compared if same else equal,)
    return fail(
        f"{num_equal} workers yield the same samples: each of them comes {num_equal} times.",
        evidence,
        _DIVIDE,
    )


def _told(trace: Trace) -> Clue | None:
    """Find words of samples that come several times, from workers or from a stream that they read."""
    found, doubled = told(trace, *_SAYING), told(trace, _DOUBLED)
    if found is None and doubled and trace.find(_STREAM):
        found = doubled
    return found if found and trace.find(WORKERS) else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for lines of different workers with equal samples."""
    if found := repeated_by_workers(trace, fractions=False):
        summary = "Two workers yield the same samples: the stream is not divided among them."
        return recognised(found, summary, _DIVIDE, Role.REMARK, 70, "likely")
    if words := _told(trace):
        summary = "The samples are said to come once from each worker: the stream is not divided among them."
        return recognised(words, summary, _DIVIDE, Role.STATED, 39, "possible")
    return None

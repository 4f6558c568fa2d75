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
from diagnostics.traces.clues import Recognition, Role, Trace, recognised
from diagnostics.traces.repeats import repeated_by_workers

CODE = "DL243"
SLUG = "iterable-dup-workers"
TITLE = "Every worker yields the whole stream"
NEEDS = ("run.stream_workers_count", "run.equal_stream_workers_count")
FIRES = {"run.stream_workers_count": 4, "run.equal_stream_workers_count": 4}
SILENT = {"run.stream_workers_count": 4, "run.equal_stream_workers_count": 0}
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
    """Look for workers whose first batches are the same."""
    num_workers, num_equal = facts["run.stream_workers_count"], facts["run.equal_stream_workers_count"]
    if not num_workers or num_equal is None:
        return not_applicable("No stream was read by several workers.")
    if not num_equal:
        return ok(f"The {num_workers} workers of a stream began with different samples.")
    evidence = (f"the first batches of {num_equal} of {num_workers} workers are equal",)
    return fail(
        f"{num_equal} workers yield the same samples: each of them comes {num_equal} times.",
        evidence,
        _DIVIDE,
    )


def recognise(trace: Trace) -> Recognition | None:
    """Look for lines of different workers with equal samples."""
    found = repeated_by_workers(trace, fractions=False)
    if found is None:
        return None
    remedy = Remedy(
        "Let each worker yield its own share.",
        (
            "info = torch.utils.data.get_worker_info()",
            "yield from itertools.islice(stream, info.id, None, info.num_workers)",
        ),
    )
    return recognised(
        found,
        "Two workers yield the same samples: the stream is not divided among them.",
        remedy,
        role=Role.REMARK,
        score=70,
        confidence="likely",
    )

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

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, recognised
from diagnostics.traces.repeats import repeated_by_workers

CODE = "DL243"
SLUG = "iterable-dup-workers"
TITLE = "Every worker yields the whole stream"
LOG_FIRES = (
    "worker 0 yields [0, 1, 2, 3]\nworker 1 yields [0, 1, 2, 3]\n",
    "worker_id 0: sample_0001.tar\nworker_id 1: sample_0001.tar\nworker_id 0: sample_0002.tar\n"
    "worker_id 1: sample_0002.tar\n",
)
LOG_SILENT = (
    "worker 0 yields [0, 2]\nworker 1 yields [1, 3]\n",
    "worker 0: 0.5488135\nworker 1: 0.5488135\n",
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

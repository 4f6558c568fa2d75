"""All workers draw the same random numbers.

What it means
-------------
A forked worker inherits the state of random generators. torch seeds `random`, torch and (in newer versions)
NumPy's global one per worker; a generator that the dataset holds, or NumPy in old versions, is not.

Why it matters
--------------
Augmentation repeats itself in every worker and every epoch, silently; accuracy suffers.

How to fix
----------
Seed in worker_init_fn from `torch.initial_seed()`, or draw from torch's generator.

When it is fine
---------------
Never for augmentation.

References
----------
PyTorch documentation, "Randomness in multi-process data loading"; PyTorch issue 5059.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, recognised
from diagnostics.traces.repeats import repeated_by_workers

CODE = "DL242"
SLUG = "duplicate-worker-rng"
TITLE = "Workers draw the same random numbers"
LOG_FIRES = (
    "worker 0: 0.5488135 0.71518937\nworker 1: 0.5488135 0.71518937\nworker 2: 0.5488135 0.71518937\n",
    "worker_id=0 random crop (0.3745, 0.9507)\nworker_id=1 random crop (0.3745, 0.9507)\n",
)
LOG_SILENT = (
    "worker 0: 0.5488135 0.71518937\nworker 1: 0.4236548 0.64589411\n",
    "worker 0 yields [0, 1, 2, 3]\nworker 1 yields [0, 1, 2, 3]\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for lines of different workers with equal fractions."""
    found = repeated_by_workers(trace, fractions=True)
    if found is None:
        return None
    remedy = Remedy(
        "Seed each worker from torch's seed.",
        (
            "def seed_worker(worker_id): np.random.seed(torch.initial_seed() % 2**32)",
            "DataLoader(..., worker_init_fn=seed_worker)",
        ),
    )
    return recognised(
        found,
        "Two workers print equal random numbers.",
        remedy,
        role=Role.REMARK,
        score=70,
        confidence="likely",
    )

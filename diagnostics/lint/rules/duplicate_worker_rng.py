"""A dataset keeps a random generator that every worker copies, or all workers are seeded alike.

What it means
-------------
The dataset makes a generator (`np.random.default_rng`, `RandomState`, `random.Random`, `torch.Generator`)
once, in its constructor or at module level, and draws from it for each sample; or a `worker_init_fn` seeds
the generators of each worker with the same number.

Why it matters
--------------
Each worker gets a copy in the same state: all draw the same numbers, so that augmentations repeat across
workers, and each epoch begins anew with them. torch seeds `random`, `torch` and NumPy's global generator in
each worker, but not objects.

How to fix
----------
Seed in the worker: from `torch.initial_seed()`, which differs from worker to worker and epoch to epoch.

When it is fine
---------------
With num_workers=0, or where worker_init_fn gives each worker its own generator.

References
----------
PyTorch documentation, torch.utils.data, "Randomness in multi-process data loading"; NumPy documentation,
"Parallel random number generation".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import mentions
from diagnostics.lint.handles import KeptHandle, is_renewed_per_worker, kept_handles
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.script import Script
from diagnostics.lint.seeding import seeded_alike
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN113"
SLUG = "duplicate-worker-rng"
TITLE = "Every worker draws the same random numbers"
STATUS = Status.WARN
FIRES = (
    """
import numpy as np
from torch.utils.data import Dataset
class Noisy(Dataset):
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
    def __getitem__(self, index):
        return self.rng.normal(size=3)
""",
    """
import numpy
from torch.utils.data import DataLoader, Dataset
rng = numpy.random.RandomState(0)
class Noisy(Dataset):
    def __getitem__(self, index):
        return rng.rand()
loader = DataLoader(Noisy(), num_workers=2)
""",
    """
import numpy as np
from torch.utils.data import DataLoader, Dataset
class Noise(Dataset):
    rng = np.random.default_rng(0)
    def __getitem__(self, index):
        return self.rng.normal(size=3)
loader = DataLoader(Noise(), num_workers=2)
""",
    """
import numpy as np
from torch.utils.data import DataLoader
def seed_worker(worker_id):
    np.random.seed(42)
loader = DataLoader(dataset, num_workers=2, worker_init_fn=seed_worker)
""",
    """
import functools, random
from torch.utils.data import DataLoader
def seed_all(seed):
    random.seed(seed)
def start(worker_id, seed):
    seed_all(7)
loader = DataLoader(dataset, num_workers=2, worker_init_fn=functools.partial(start, seed=3))
""",
)
SILENT = (
    """
import random
import numpy as np
import torch
from torch.utils.data import DataLoader
def seed_worker(worker_id):
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)
loader = DataLoader(dataset, num_workers=2, worker_init_fn=seed_worker)
other = DataLoader(dataset, num_workers=2, worker_init_fn=lambda worker: np.random.seed(SEED + worker))
""",
    """
import numpy as np
from torch.utils.data import Dataset
class Noisy(Dataset):
    def __init__(self, seed):
        self.seed = seed
    def __getitem__(self, index):
        return np.random.default_rng((self.seed, index)).normal(size=3)
""",
    """
import numpy as np
from torch.utils.data import DataLoader, Dataset, get_worker_info
class Noisy(Dataset):
    def __init__(self):
        self.rng = np.random.default_rng()
    def __getitem__(self, index):
        return self.rng.normal()
def seed_worker(worker_id):
    get_worker_info().dataset.rng = np.random.default_rng(worker_id)
loader = DataLoader(Noisy(), num_workers=2, worker_init_fn=seed_worker)
""",
    """
import numpy as np
from torch.utils.data import Dataset
class Shuffled(Dataset):
    def __init__(self, n):
        self.rng = np.random.default_rng(0)
        self.order = self.rng.permutation(n)
    def __getitem__(self, index):
        return self.order[index]
""",
)

GENERATORS = frozenset(
    [
        "numpy.random.default_rng",
        "numpy.random.RandomState",
        "numpy.random.Generator",
        "random.Random",
        "torch.Generator",
    ]
)


def find(script: Script) -> Iterator[Spot]:
    """Find workers that are seeded alike, and generators that datasets keep and draw samples from."""
    for seeding in seeded_alike(script):
        name = ast.unparse(seeding.call.func)
        yield spot_at(
            seeding.call,
            f"{source_of(seeding.call)} seeds every worker alike: worker_init_fn of the loader in line "
            f"{script.show_line(seeding.loader.call)} does not look at which worker it runs in.",
            "Leave it out: torch seeds itself, random and numpy in every worker, each differently. Or seed "
            "from torch.initial_seed(), which differs from worker to worker and from epoch to epoch.",
            f"{name}(torch.initial_seed() % 2**32)",
            confidence="likely",
        )
    for kept in kept_handles(script, GENERATORS):
        if not kept.is_used or _is_seeded_per_worker(script, kept):
            continue
        yield spot_at(
            kept.opening,
            f"{kept.dataset.node.name} draws samples from {kept.name} = {kept.function}(...), "
            "which every worker copies in the same state.",
            "Seed it in the worker, from torch.initial_seed().",
            *kept.lazily(script, _seeded(kept)),
            confidence="certain" if kept.dataset.has_workers else "likely",
        )


def _seeded(kept: KeptHandle) -> str:
    """Return a generator of its kind, seeded by torch's seed of this worker, spelled as it is here."""
    func = kept.opening.func if isinstance(kept.opening, ast.Call) else kept.opening
    name = dotted(func) or kept.function
    if kept.function == "torch.Generator":
        return f"{name}().manual_seed(torch.initial_seed())"
    if kept.function == "numpy.random.Generator":  # which takes a bit generator
        name = name.removesuffix("Generator") + "default_rng"
    is_numpy = kept.function.startswith("numpy")
    return f"{name}(torch.initial_seed(){' % 2**32' if is_numpy else ''})"


def _is_seeded_per_worker(script: Script, kept: KeptHandle) -> bool:
    family = script.values.family(kept.dataset.node)
    if mentions([*family, *kept.readers], {"get_worker_info", "initial_seed", "worker_init_fn"}):
        return True
    if _is_stored_again(script, kept):
        return True
    return is_renewed_per_worker(script, kept)


def _is_stored_again(script: Script, kept: KeptHandle) -> bool:
    """Tell whether another method than the constructor gives the attribute a new generator, or seeds it."""
    for binding in script.tree.attribute_values.get(kept.attribute, ()):
        function = script.tree.function_of(binding.node)
        if function is not None and function.name != "__init__":
            return True
    for attribute in script.tree.attributes:
        if attribute.attr in {"seed", "manual_seed"} and last_name(attribute.value) == kept.attribute:
            function = script.tree.function_of(attribute)
            if function is not None and function.name != "__init__":
                return True
    return False

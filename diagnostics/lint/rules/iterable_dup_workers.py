"""Every worker yields the whole stream of an IterableDataset.

What it means
-------------
The dataset's `__iter__` reads its data from beginning to end and never asks which worker it runs in.

Why it matters
--------------
Each worker has its own copy of the dataset. With N workers an epoch holds every sample N times, and
nothing is said; metrics and learning rates per epoch are off by that factor.

How to fix
----------
Ask `torch.utils.data.get_worker_info()` in `__iter__` and give each worker its share; with several ranks,
split by rank as well.

When it is fine
---------------
With num_workers=0, where the source is sharded elsewhere, or where the stream is endless and random.

References
----------
PyTorch documentation, torch.utils.data.IterableDataset, the two examples that split the workload.
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import DatasetClass, mentions, methods_of
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at
from diagnostics.lint.tree import Function

CODE = "LN105"
SLUG = "iterable-dup-workers"
TITLE = "Every worker yields the whole stream of an IterableDataset"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import DataLoader, IterableDataset
class Lines(IterableDataset):
    def __init__(self, path):
        self.path = path
    def __iter__(self):
        with open(self.path) as file:
            for line in file:
                yield line
loader = DataLoader(Lines("x"), num_workers=2)
""",
    """
from torch.utils.data import DataLoader, IterableDataset
class Numbers(IterableDataset):
    def __iter__(self):
        return iter(range(100))
loader = DataLoader(Numbers(), num_workers=4)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
class Numbers(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 100, info.num_workers))
loader = DataLoader(Numbers(), num_workers=4)
""",
    """
import random
from torch.utils.data import DataLoader, IterableDataset
class Noise(IterableDataset):
    def __iter__(self):
        while True:
            yield random.random()
loader = DataLoader(Noise(), num_workers=4)
""",
    """
from torch.utils.data import DataLoader, IterableDataset
class Numbers(IterableDataset):
    def __iter__(self):
        return iter(range(100))
loader = DataLoader(Numbers(), batch_size=4)
""",
)

SHARDING = {
    "get_worker_info", "worker_info", "worker_id", "num_workers", "split_dataset_by_node", "split_by_worker",
    "split_by_node", "shard", "num_shards", "shard_id", "num_replicas", "world_size", "_worker_info",
    "worker_rank", "worker_seed", "pytorch_worker_seed", "get_rank", "get_worker_id", "sharding_filter",
    "pytorch_worker_info", "shard_index", "data_parallel_rank", "dp_rank", "dp_world_size",
}  # fmt: skip
RANDOM = {"rand", "randn", "randint", "random", "normal", "uniform", "choice", "choices", "sample", "shuffle",
          "multinomial", "standard_normal", "integers", "randperm", "permutation"}  # fmt: skip
WRAPPING = (
    "dataset",
    "datasets",
    "loader",
    "source",
    "pipe",
    "datapipe",
    "iterable",
    "generator",
    "ds",
    "base",
    "dp",
    "task",
    "iterator",
    "iterators",
    "loaders",
)


def find(script: Script) -> Iterator[Spot]:
    """Find iterable datasets that shard nothing."""
    for dataset in script.datasets.classes:
        if dataset.kind != "iterable" or dataset.is_without_workers:
            continue
        method = next((each for each in methods_of(dataset.node) if each.name == "__iter__"), None)
        if method is None or _is_sharded(script, dataset) or not _repeats(script, dataset, method):
            continue
        counts = _counts(script, dataset)
        message = (
            f"{dataset.node.name}.__iter__ does not ask for its worker: {counts} would yield the whole "
            "stream, each sample once a worker."
        )
        yield spot_at(
            method,
            message,
            "Give each worker its share of the stream.",
            "worker = torch.utils.data.get_worker_info()",
            "first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)",
            "yield from itertools.islice(stream, first, None, step)  # stream: what __iter__ yields today",
            confidence="certain" if dataset.has_workers else "possible",
        )


def _counts(script: Script, dataset: DatasetClass) -> str:
    lines = [script.show_line(loader.call) for loader in dataset.loaders if loader.has_workers]
    return f"every worker of the loader in line {lines[0]}" if lines else "every worker of a loader"


def _is_sharded(script: Script, dataset: DatasetClass) -> bool:
    family = script.values.family(dataset.node)
    runs = script.datasets.runs_in(dataset.node, "__iter__")
    if mentions(list[ast.AST](family), SHARDING) or mentions(runs, SHARDING):
        return True
    for loader in dataset.loaders:
        for part in script.datasets.parts_of(loader.argument("worker_init_fn")):
            functions: list[Function] = script.values.functions.get(last_name(part), [])
            if mentions(functions, SHARDING | {"dataset"}) or isinstance(part, ast.Lambda):
                return True
    return False


def _repeats(script: Script, dataset: DatasetClass, method: Function) -> bool:
    """Tell whether two workers would yield the same: a finite stream that is not handed in."""
    if _is_abstract(method):
        return False
    nodes = list(ast.walk(method))
    is_endless = any(isinstance(n, ast.While) and isinstance(n.test, ast.Constant) for n in nodes)
    runs = script.datasets.runs_in(dataset.node, "__iter__")
    if is_endless and mentions(runs, RANDOM):
        return False
    yielded = [n.value for n in nodes if isinstance(n, ast.Yield) and isinstance(n.value, ast.Call)]
    if any(last_name(call.func) in RANDOM for call in yielded):
        return False
    return dataset.has_workers or not (_is_wrapper(nodes) or is_endless)


def _is_abstract(method: Function) -> bool:
    body = [s for s in method.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    is_itself = (
        bool(body) and isinstance(body[0], ast.Return) and last_name(body[0].value or body[0]) == "self"
    )
    return not body or is_itself or isinstance(body[0], ast.Raise | ast.Pass)


def _is_wrapper(nodes: list[ast.AST]) -> bool:
    """Tell whether the stream comes from another dataset, which may shard itself."""
    for node in nodes:
        name = last_name(node).lower().strip("_")
        if isinstance(node, ast.Attribute) and name.split("_")[-1] in WRAPPING:
            return True
    return False

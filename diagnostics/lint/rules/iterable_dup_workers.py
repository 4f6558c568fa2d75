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
import re
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import DatasetClass, mentions
from diagnostics.lint.loaders import Loader
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

BY_WORKER = {
    "get_worker_info", "worker_info", "worker_id", "num_workers", "split_dataset_by_node", "split_by_worker",
    "split_by_node", "num_shards", "shard_id", "_worker_info", "worker_rank", "worker_seed",
    "pytorch_worker_seed", "get_worker_id", "sharding_filter", "pytorch_worker_info", "shard_index",
}  # fmt: skip
BY_RANK = {"num_replicas", "world_size", "get_world_size", "get_rank", "data_parallel_rank", "dp_rank",
           "dp_world_size"}  # fmt: skip
DIVIDING = re.compile(
    r"worker|shard|partition|split_(by|data|work)"
)  # functions of elsewhere, by their names
GIVEN = {"num_workers"}  # said to a loader, which divides nothing
READING = re.compile(r"open|read|load|parse|list|glob|download")  # of shards, which divides nothing
RANDOM = {"rand", "randn", "randint", "random", "normal", "uniform", "choice", "choices", "sample", "shuffle",
          "multinomial", "standard_normal", "integers", "randperm", "permutation"}  # fmt: skip
SEEDING = {"initial_seed", "getpid", "time", "time_ns", "urandom", "entropy"}  # differ by worker
ORDERING = {"shuffle", "randperm", "permutation", "sample", "randrange", "choice", "integers", "randint"}
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
    seen: set[int] = set()
    for dataset in script.datasets.classes:
        if dataset.kind != "iterable" or (
            dataset.loaders and not any(map(_may_have_several, dataset.loaders))
        ):
            continue
        runs = script.datasets.runs_in(dataset.node, "__iter__")
        if not runs or id(runs[0]) in seen or any(map(_is_abstract, runs)):
            continue
        if _is_sharded(script, dataset, runs) or not _repeats(script, dataset, runs):
            continue
        seen.add(id(runs[0]))
        counts = _counts(script, dataset)
        message = (
            f"{dataset.node.name}.__iter__ does not ask for its worker: {counts} would yield the whole "
            "stream, each sample once a worker."
        )
        yield spot_at(
            runs[0],
            message,
            "Give each worker its share of the stream.",
            "worker = torch.utils.data.get_worker_info()",
            "first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)",
            _share(runs),
            confidence="certain" if any(map(_has_several, dataset.loaders)) else "possible",
        )


def _share(runs: list[Function]) -> str:
    """Return the line that takes every step-th sample; each worker shuffles in an order of its own."""
    if mentions(runs, ORDERING):
        return (
            "stream = itertools.islice(stream, first, None, step)  # stream: what is read, not yet shuffled"
        )
    return "yield from itertools.islice(stream, first, None, step)  # stream: what __iter__ yields today"


def _may_have_several(loader: Loader) -> bool:
    return not all(each.is_(0) or each.is_(1) for each in loader.everything("num_workers"))


def _has_several(loader: Loader) -> bool:
    return loader.has_workers and _may_have_several(loader)


def _counts(script: Script, dataset: DatasetClass) -> str:
    lines = [script.show_line(loader.call) for loader in dataset.loaders if _has_several(loader)]
    return f"every worker of the loader in line {lines[0]}" if lines else "every worker of a loader"


def _is_sharded(script: Script, dataset: DatasetClass, runs: list[Function]) -> bool:
    family = script.values.family(dataset.node)
    if mentions(family, BY_WORKER) or mentions(runs, BY_WORKER):
        return True
    calls = [last_name(n.func) for run in runs for n in ast.walk(run) if isinstance(n, ast.Call)]
    if any(DIVIDING.search(name) and not READING.match(name.strip("_")) for name in calls):
        return True
    if mentions(family, BY_RANK) or mentions(runs, BY_RANK):  # a rank may stand for a worker of a rank
        return not any(map(_has_several, dataset.loaders)) or mentions([script.module], BY_WORKER - GIVEN)
    for loader in dataset.loaders:
        for part in script.datasets.parts_of(loader.argument("worker_init_fn")):
            functions: list[Function] = script.values.functions.get(last_name(part), [])
            if mentions(functions, BY_WORKER | BY_RANK | {"dataset"}) or isinstance(part, ast.Lambda):
                return True
    return False


def _repeats(script: Script, dataset: DatasetClass, runs: list[Function]) -> bool:
    """Tell whether two workers would yield the same: a finite stream that is not handed in."""
    nodes = [node for run in runs for node in ast.walk(run)]
    is_endless = any(isinstance(n, ast.While) and isinstance(n.test, ast.Constant) for n in ast.walk(runs[0]))
    if is_endless and mentions(runs, RANDOM):
        return False
    yielded = [n.value for n in nodes if isinstance(n, ast.Yield) and isinstance(n.value, ast.Call)]
    if any(_is_drawn(script, call) for call in yielded) or _is_wrapper(script, nodes):
        return False
    return any(map(_has_several, dataset.loaders)) or not is_endless


def _is_drawn(script: Script, call: ast.Call) -> bool:
    """Tell whether a call draws a sample that no other worker draws: its generator has no seed of its own."""
    if last_name(call.func) not in RANDOM:
        return False
    given = [word.value for word in call.keywords if word.arg == "generator"]
    given += [call.func.value] if isinstance(call.func, ast.Attribute) else []
    own = [source for source in given if isinstance(source, ast.Name | ast.Call)]  # not one that is kept
    makers = [each.node for source in own for each in script.values.possible(source)]
    seeds = [(maker.args, maker.keywords) for maker in makers if isinstance(maker, ast.Call)]
    return not any(
        seed and not mentions(seed, SEEDING) for args, words in seeds for seed in [[*args, *words]]
    )


def _is_abstract(method: Function) -> bool:
    """Tell whether a method leaves it to subclasses, or to itself as an iterator, what there is to yield."""
    body = [s for s in method.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if not body or isinstance(body[-1], ast.Raise | ast.Pass):
        return not any(isinstance(n, ast.Return | ast.Yield | ast.YieldFrom) for n in ast.walk(method))
    return isinstance(body[0], ast.Return) and last_name(body[0].value or body[0]) == "self"


def _is_wrapper(script: Script, nodes: list[ast.AST]) -> bool:
    """Tell whether the stream comes from another dataset, which may shard itself."""
    streams = {each.node.name for each in script.datasets.classes if each.kind == "iterable"}
    for node in nodes:
        if not isinstance(node, ast.Attribute):
            continue
        found = [each.node for each in script.values.possible(node)]
        if any(isinstance(each, ast.Call) and last_name(each.func) in streams for each in found):
            return True
        is_named = node.attr.lower().strip("_").split("_")[-1] in WRAPPING
        if is_named and node not in found:  # a method of its own is among the nodes
            return any(_may_shard(script, each) for each in found)
    return False


def _may_shard(script: Script, node: ast.expr | None) -> bool:
    """Tell whether something may be a stream that knows of workers: not a list, a file or map-style data."""
    if isinstance(node, ast.Call):
        if script.name_of(node.func) == "datasets.load_dataset":
            return any(word.arg == "streaming" for word in node.keywords)
        return last_name(node.func) not in {"range", "open", "list", "sorted", "tuple", "zip", "enumerate"}
    if isinstance(node, ast.List | ast.Tuple):  # an empty one is filled later
        inner = [each.node for element in node.elts for each in script.values.possible(element)]
        return not inner or any(_may_shard(script, each) for each in inner)
    return not isinstance(node, ast.Constant | ast.ListComp | ast.GeneratorExp)

"""A big list of Python objects is kept by a dataset that workers read.

What it means
-------------
The dataset keeps the records of a file (lines, JSON objects, rows of a table) as a list or dictionary of
Python objects and hands them out sample by sample.

Why it matters
--------------
Looking at a Python object changes its reference count, and with it the memory page, which a forked worker
then has to copy: memory grows with each sample until every worker holds the whole list. A 64 MiB list grew
each worker from 11 to 69 MiB in one epoch, the same data as an array from 10 to 12. Workers that are not
forked hold a full copy from the start.

How to fix
----------
Keep the data in few big objects: a NumPy array, a tensor, an Arrow table, a memory-mapped file.

When it is fine
---------------
Where the list is small: up to some ten thousand short records cost little.

References
----------
PyTorch issue 13246, "DataLoader num_workers > 0 causes CPU memory from parent process to be replicated in
all worker processes"; PyTorch documentation, torch.utils.data, "Multi-process data loading".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import DatasetClass
from diagnostics.lint.handles import SAMPLING
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN115"
SLUG = "memory-growth"
TITLE = "A big list of Python objects is kept by a dataset that workers read"
STATUS = Status.WARN
FIRES = (
    """
import json
from torch.utils.data import DataLoader, Dataset
class Records(Dataset):
    def __init__(self, path):
        self.records = [json.loads(line) for line in open(path)]
    def __getitem__(self, index):
        return self.records[index]
loader = DataLoader(Records("x"), num_workers=4)
""",
    """
from torch.utils.data import DataLoader, Dataset
class Numbers(Dataset):
    def __init__(self):
        self.numbers = [str(i) for i in range(10_000_000)]
    def __getitem__(self, index):
        return self.numbers[index]
loader = DataLoader(Numbers(), num_workers=4)
""",
)
SILENT = (
    """
import numpy as np
from torch.utils.data import DataLoader, Dataset
class Records(Dataset):
    def __init__(self, path):
        self.records = np.load(path, mmap_mode="r")
    def __getitem__(self, index):
        return self.records[index]
loader = DataLoader(Records("x"), num_workers=4)
""",
    """
from torch.utils.data import DataLoader, Dataset
class Images(Dataset):
    def __init__(self, folder):
        self.paths = sorted(folder.glob("*.jpg"))
    def __getitem__(self, index):
        return load(self.paths[index])
loader = DataLoader(Images(root), num_workers=4)
""",
)

BIG = 200_000  # objects: a million small ones take some 60 MB in each worker
READERS = {"readlines", "splitlines", "to_dict", "tolist", "iterrows", "itertuples"}
LOADERS = {"json.load", "json.loads", "pickle.load", "csv.reader", "csv.DictReader", "yaml.safe_load"}


def find(script: Script) -> Iterator[Spot]:
    """Find lists of records in datasets that a loader with workers gets here."""
    for dataset in script.datasets.classes:
        if not dataset.has_workers:
            continue
        for node, name, how, is_big in _records(script, dataset):
            yield spot_at(
                node,
                f"{dataset.node.name} keeps {name}, a list of Python objects {how}: each worker comes to "
                "hold a copy of it.",
                "Keep the data in an array, or read it from a memory-mapped file.",
                f"self.{name} = np.array(self.{name}, dtype=np.bytes_)  # strings: one block of memory",
                f"self.{name} = pyarrow.array(self.{name})  # records of any kind",
                confidence="likely" if is_big else "possible",
            )


def _records(script: Script, dataset: DatasetClass) -> Iterator[tuple[ast.expr, str, str, bool]]:
    sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
    used = {n.attr for f in sampling for n in ast.walk(f) if isinstance(n, ast.Attribute)}
    for function in script.datasets.runs_in(dataset.node, "__init__"):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                name = node.targets[0].attr
                how, is_big = _origin(script, node.value) if name in used else ("", False)
                if how:
                    yield node.value, name, how, is_big
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = last_name(node.func.value)
                if node.func.attr == "append" and name in used:
                    how, is_big = _appended(script, node, function)
                    if how:
                        yield node, name, how, is_big


def _origin(script: Script, value: ast.expr) -> tuple[str, bool]:
    """Return how a list of many objects is made, and whether its size is known to be big."""
    for each in script.values.possible(value):
        node = each.node
        if isinstance(node, ast.Call) and last_name(node.func) in {"list", "sorted"} and node.args:
            node = node.args[0]
            if (
                isinstance(node, ast.Call)
                and last_name(node.func) == "range"
                and _length(script, node) >= BIG
            ):
                return f"of {_length(script, node):,} numbers", True
        if isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
            source = node.generators[0].iter
            if isinstance(source, ast.Call) and last_name(source.func) == "range":
                length = _length(script, source)
                return (f"of {length:,} objects", True) if length >= BIG else ("", False)
            if _is_file(script, source):
                return "read line by line", False
            node = source
        if isinstance(node, ast.Call):
            name = script.name_of(node.func)
            if name in LOADERS or (isinstance(node.func, ast.Attribute) and node.func.attr in READERS):
                return f"from {source_of(node.func, 40)}", False
    return "", False


def _length(script: Script, call: ast.Call) -> int:
    ends = script.values.possible(call.args[min(len(call.args), 2) - 1]) if call.args else []
    numbers = [each.constant for each in ends if isinstance(each.constant, int)]
    return numbers[0] if len(numbers) == 1 else 0


def _is_file(script: Script, source: ast.expr) -> bool:
    if isinstance(source, ast.Call) and last_name(source.func) in {
        "open",
        "enumerate",
        "reader",
        "DictReader",
    }:
        return last_name(source.func) != "enumerate" or any(_is_file(script, each) for each in source.args)
    if isinstance(source, ast.Name):
        for scope in script.tree.scopes_of(source):
            for binding in script.tree.bindings.get((scope, source.id), ()):
                if isinstance(binding.node, ast.withitem):
                    opening = binding.node.context_expr
                    return isinstance(opening, ast.Call) and last_name(opening.func) == "open"
    return isinstance(source, ast.Call) and last_name(source.func) in READERS


def _appended(script: Script, node: ast.AST, function: ast.AST) -> tuple[str, bool]:
    for ancestor in script.tree.ancestors(node):
        if ancestor is function:
            break
        if isinstance(ancestor, ast.For):
            if _is_file(script, ancestor.iter):
                return "appended line by line", False
            is_range = isinstance(ancestor.iter, ast.Call) and last_name(ancestor.iter.func) == "range"
            length = _length(script, ancestor.iter) if isinstance(ancestor.iter, ast.Call) and is_range else 0
            if length >= BIG:
                return f"appended {length:,} times", True
    return "", False

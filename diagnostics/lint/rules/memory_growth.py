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
from dataclasses import dataclass

from diagnostics.findings import Status
from diagnostics.lint.datasets import DatasetClass, mentions
from diagnostics.lint.handles import SAMPLING, stores
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.tree import FUNCTIONS, all_parameters

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
LOOKING_UP = {"get", "items", "keys", "values", "setdefault"}
DICTIONARIES = {"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "Counter"}
LOADERS = {"json.load", "json.loads", "pickle.load", "csv.reader", "csv.DictReader", "yaml.safe_load"}


def find(script: Script) -> Iterator[Spot]:
    """Find lists of records in datasets that a loader with workers gets here."""
    for dataset in script.datasets.classes:
        if not dataset.has_workers:
            continue
        for kept in _records(script, dataset):
            form = _form(script, dataset, kept)
            if form == "dictionary" and not kept.is_big and not _is_measured(script, dataset, kept.name):
                continue  # a vocabulary, settings: looked up, and not the samples
            yield spot_at(
                kept.node,
                f"{dataset.node.name} keeps {kept.name}, a {form} of Python objects {kept.how}: each worker "
                "comes to hold a copy of it.",
                "Keep the data in an array, or read it from a memory-mapped file.",
                *_in_an_array(script, kept, form),
                confidence="likely" if kept.is_big else "possible",
            )


@dataclass(frozen=True)
class Records:
    """What a dataset keeps: where, its name on `self`, how it is made, and one of its elements if seen."""

    node: ast.expr
    name: str
    how: str
    is_big: bool
    element: ast.expr | None = None


def _form(script: Script, dataset: DatasetClass, kept: Records) -> str:
    """Tell a list from a dictionary, by what makes it, what it is said to be, and how it is used."""
    family = script.values.family(dataset.node)
    for node in (each for owner in family for each in ast.walk(owner)):
        if isinstance(node, ast.Attribute) and last_name(node.value) == kept.name and node.attr in LOOKING_UP:
            return "dictionary"
        is_item = isinstance(node, ast.Subscript) and last_name(node.value) == kept.name
        if is_item and isinstance(getattr(getattr(node, "slice", None), "value", None), str):
            return "dictionary"
    if isinstance(kept.node, ast.DictComp) or _is_said_to_be_a_dictionary(script, kept.node):
        return "dictionary"
    nodes = [each.node for each in script.values.possible(kept.node)]
    is_either = any(isinstance(node, ast.Call) and script.name_of(node.func) in LOADERS for node in nodes)
    return "list or dictionary" if is_either and kept.element is None else "list"


def _is_said_to_be_a_dictionary(script: Script, node: ast.expr) -> bool:
    scope = script.tree.home_of(node) if isinstance(node, ast.Name) else None
    for parameter in all_parameters(scope.args) if isinstance(scope, FUNCTIONS) else ():
        if isinstance(node, ast.Name) and parameter.arg == node.id and parameter.annotation is not None:
            said = parameter.annotation
            said = said.value if isinstance(said, ast.Subscript) else said
            return last_name(said) in DICTIONARIES
    return False


def _is_measured(script: Script, dataset: DatasetClass, name: str) -> bool:
    """Tell whether the dataset is as long as what it keeps."""
    lengths = script.datasets.runs_in(dataset.node, "__len__")
    return mentions(lengths, {name})


def _in_an_array(script: Script, kept: Records, form: str) -> list[str]:
    name = f"self.{kept.name}"
    if form == "dictionary":
        return [
            f"self.keys = np.array(sorted({name}))",
            f"self.values = pyarrow.array([{name}[key] for key in self.keys.tolist()])  # then: del {name}",
            f"self.values[np.searchsorted(self.keys, key)].as_py()  # in place of {name}[key]",
        ]
    nodes = [each.node for each in script.values.possible(kept.element)]
    strings = f"{name} = np.array([each.encode() for each in {name}])  # strings: one block of memory"
    numbers = f"{name} = np.array({name})  # numbers: one block of memory"
    records = f"{name} = pyarrow.array({name})  # records: read with {name}[index].as_py()"
    if any(_is_record(script, node) for node in nodes):
        return [records]
    if kept.how.endswith("numbers"):
        return [numbers]
    return [strings, records]


def _is_record(script: Script, node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call):
        return script.name_of(node.func) in LOADERS or last_name(node.func) in {"dict", "list", "tuple"}
    return isinstance(node, ast.Dict | ast.List | ast.Tuple)


def _records(script: Script, dataset: DatasetClass) -> Iterator[Records]:
    sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
    used = {n.attr for f in sampling for n in ast.walk(f) if isinstance(n, ast.Attribute)}
    for function in script.datasets.runs_in(dataset.node, "__init__"):
        for name, node, value in stores([function]):
            if name not in used:
                continue
            is_grown = isinstance(node, ast.Call)
            how, is_big = _appended(script, node, function) if is_grown else _origin(script, value)
            element = value if is_grown else value.elt if isinstance(value, ast.ListComp) else None
            if how:
                yield Records(node if isinstance(node, ast.Call) else value, name, how, is_big, element)


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

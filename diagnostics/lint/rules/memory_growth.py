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

from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import DatasetClass, mentions
from diagnostics.lint.records import Records, form, is_record, records_of
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at

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


def find(script: Script) -> Iterator[Spot]:
    """Find lists of records in datasets that a loader with workers gets here."""
    for dataset in script.datasets.classes:
        if not dataset.has_workers:
            continue
        for kept in records_of(script, dataset):
            what = form(script, dataset, kept)
            if what == "dictionary" and not kept.is_big and not _is_measured(script, dataset, kept.name):
                continue  # a vocabulary, settings: looked up, and not the samples
            yield spot_at(
                kept.node,
                f"{dataset.node.name} keeps {kept.name}, a {what} of Python objects {kept.how}: each worker "
                "comes to hold a copy of it.",
                "Keep the data in an array, or read it from a memory-mapped file.",
                *_in_an_array(script, kept, what),
                confidence="likely" if kept.is_big else "possible",
            )


def _is_measured(script: Script, dataset: DatasetClass, name: str) -> bool:
    """Tell whether the dataset is as long as what it keeps."""
    return mentions(script.datasets.runs_in(dataset.node, "__len__"), {name})


def _in_an_array(script: Script, kept: Records, what: str) -> list[str]:
    name = f"self.{kept.name}"
    if what == "dictionary":
        return [
            f"self.keys = np.array(sorted({name}))",
            f"self.values = pyarrow.array([{name}[key] for key in self.keys.tolist()])  # then: del {name}",
            f"self.values[np.searchsorted(self.keys, key)].as_py()  # in place of {name}[key]",
        ]
    nodes = [each.node for each in script.values.possible(kept.element)]
    strings = f"{name} = np.array([each.encode() for each in {name}])  # strings: one block of memory"
    numbers = f"{name} = np.array({name})  # numbers: one block of memory"
    records = f"{name} = pyarrow.array({name})  # records: read with {name}[index].as_py()"
    if any(is_record(script, node) for node in nodes):
        return [records]
    if kept.how.endswith("numbers"):
        return [numbers]
    return [strings, records]

"""shuffle or a sampler for an IterableDataset.

What it means
-------------
The loader is asked to choose the order of samples, but the dataset is a stream that has no indices.

Why it matters
--------------
The constructor raises "DataLoader with IterableDataset: expected unspecified shuffle option" (or sampler,
or batch_sampler).

How to fix
----------
Drop the argument, and shuffle within the dataset: the list of files, or a buffer of samples.

When it is fine
---------------
Never with an IterableDataset.

References
----------
PyTorch documentation, torch.utils.data, "Iterable-style datasets".
"""

import ast
from collections.abc import Iterator, Mapping

from diagnostics.findings import Status
from diagnostics.lint.exclusive import surely
from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at

CODE = "LN111"
SLUG = "iterable-with-shuffle"
TITLE = "shuffle or a sampler for an IterableDataset"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import DataLoader, IterableDataset
class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(9))
stream = Stream()
loader = DataLoader(stream, batch_size=3, shuffle=True)
""",
    """
import webdataset as wds
from torch.utils.data import DataLoader
loader = DataLoader(wds.WebDataset("x.tar"), shuffle=True)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader, IterableDataset
class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(9))
loader = DataLoader(Stream(), batch_size=3, shuffle=False)
""",
    """
from torch.utils.data import DataLoader, Dataset
class Squares(Dataset):
    def __getitem__(self, index):
        return index * index
loader = DataLoader(Squares(), shuffle=True)
""",
)


# Methods that give a stream of a stream.
CHAINED = {"map", "filter", "shuffle", "with_format", "take", "skip", "remove_columns", "select_columns",
           "rename_column", "cast", "decode", "to_tuple", "batched"}  # fmt: skip
MOST_CHAINED = 12


def find(script: Script) -> Iterator[Spot]:
    """Find streams whose order a loader is to choose."""
    kinds = {dataset.node.name: dataset.kind for dataset in script.datasets.classes}
    for loader in script.loaders:
        name = _stream(script, loader, kinds)
        wrong = _ordering(loader)
        if name and wrong:
            yield spot_at(
                loader.call,
                f"{name} is an iterable dataset, and the loader gets {wrong}: the constructor raises "
                "ValueError.",
                "Drop it, and shuffle within the dataset.",
                loader.corrected(drop=("shuffle", "sampler", "batch_sampler")),
            )


def _stream(script: Script, loader: Loader, kinds: Mapping[str, str]) -> str:
    """Return the dataset's name where it is surely iterable."""
    names: list[str] = []
    for each in script.values.possible(loader.dataset):
        if not isinstance(each.node, ast.Call):
            return ""
        made = _made(script, each.node)
        name, full = last_name(made.func), script.name_of(made.func)
        streams = any(w.arg == "streaming" and _is_true(w.value) for w in made.keywords)
        is_stream = kinds.get(name) == "iterable" and not full
        if not (
            is_stream or full == "webdataset.WebDataset" or (full == "datasets.load_dataset" and streams)
        ):
            return ""
        names.append(name)
    return names[0] if names else ""


def _made(script: Script, call: ast.Call, depth: int = 0) -> ast.Call:
    """Return the call at the head of a chain: load_dataset(...) of load_dataset(...).map(f).shuffle()."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in CHAINED and depth < MOST_CHAINED:
        owners = [each.node for each in script.values.possible(call.func.value)]
        if len(owners) == 1 and isinstance(owners[0], ast.Call):
            return _made(script, owners[0], depth + 1)
    return call


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _ordering(loader: Loader) -> str:
    for variant in loader.variants:
        if all(each.is_(True) for each in loader.possible(variant, "shuffle")):
            return "shuffle=True"
        for name in ("sampler", "batch_sampler"):
            if surely(loader.possible(variant, name)):
                return f"a {name}"
    return ""

"""A loader, or its iterator, is used in a way that it does not offer.

What it means
-------------
`.next()` on an iterator (Python 2's spelling, which torch kept until 1.12), `next(loader)` without
`iter()`, or `loader[0]`.

Why it matters
--------------
It raises AttributeError or TypeError: "object has no attribute 'next'", "'DataLoader' object is not an
iterator", "'DataLoader' object is not subscriptable".

How to fix
----------
`batch = next(iter(loader))` for one batch, `loader.dataset[0]` for one sample.

When it is fine
---------------
Where a class of your own defines `next`.

References
----------
PyTorch 1.13 release notes, removal of the `next` method of DataLoader's iterator.
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.datasets import methods_of
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN116"
SLUG = "loader-api-misuse"
TITLE = "A loader, or its iterator, is used in a way that it does not offer"
STATUS = Status.FAIL
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset)
batches = iter(loader)
images, labels = batches.next()
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset)
images = next(loader)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset)
print(loader[0])
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset)
batches = iter(loader)
images, labels = next(batches)
print(loader.dataset[0])
""",
    """
class Prefetcher:
    def next(self):
        return 1
from torch.utils.data import DataLoader
prefetcher = Prefetcher(DataLoader(dataset))
batch = prefetcher.next()
""",
    """
from torch.utils.data import DataLoader
loaders = {"train": DataLoader(dataset)}
for batch in loaders["train"]:
    print(batch)
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find `.next()`, `next(loader)` and `loader[...]`."""
    for call in script.tree.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "next" and not call.args:
            owner = call.func.value
            if _is_iterator(script, owner) or _is_loader(script, owner):
                inner = f"iter({source_of(owner)})" if _is_loader(script, owner) else source_of(owner)
                yield _spot(call, f"{source_of(call)}: iterators have no next method", f"next({inner})")
        elif (
            isinstance(call.func, ast.Name)
            and call.func.id == "next"
            and len(call.args) == 1
            and _is_loader(script, call.args[0])
        ):
            loader = source_of(call.args[0])
            yield _spot(call, f"next({loader}): a loader is no iterator", f"next(iter({loader}))")
    yield from _subscripts(script)


def _subscripts(script: Script) -> Iterator[Spot]:
    for name in script.tree.names:
        parent = script.tree.parents.get(name)
        is_owner = isinstance(parent, ast.Subscript) and parent.value is name
        if (
            is_owner
            and isinstance(parent, ast.Subscript)
            and isinstance(parent.ctx, ast.Load)
            and script.loader_names.named(name)
            and _is_loader(script, name)
        ):
            fixed = f"{name.id}.dataset[{source_of(parent.slice)}]"
            yield _spot(parent, f"{source_of(parent)}: a loader has no items", fixed)


def _spot(node: ast.expr, what: str, fixed: str) -> Spot:
    return spot_at(node, f"{what}; this raises.", "Write it as Python and torch have it.", fixed)


def _is_iterator(script: Script, owner: ast.expr) -> bool:
    """Tell whether an expression is surely what `iter()` of something without a `next` of its own returns."""
    found = [each.node for each in script.values.possible(owner)]
    return bool(found) and all(
        isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "iter" and len(node.args) == 1)
            or last_name(node.func) == "__iter__"
        )
        and not _defines_next(script)
        for node in found
    )


def _defines_next(script: Script) -> bool:
    return any(method.name == "next" for each in script.tree.classes for method in methods_of(each))


def _is_loader(script: Script, owner: ast.expr) -> bool:
    calls = {id(loader.call) for loader in script.loaders}
    found = [each.node for each in script.values.possible(owner)]
    return bool(found) and all(id(node) in calls for node in found)

"""A dataset's class cannot be imported by spawned workers.

What it means
-------------
The class (or collate_fn) is defined in a notebook, or under `if __name__ == "__main__":`, and a loader with
workers gets it.

Why it matters
--------------
Workers that are not forked import what they are to run: "Can't get attribute 'MyDataset' on <module
'__main__'>", or a cell that hangs. So it is on Windows and macOS, and on Linux from Python 3.14.

How to fix
----------
Put the class into a module (a .py file beside the notebook) and import it.

When it is fine
---------------
With num_workers=0, or on Linux where workers are forked: until Python 3.13, and on most hosted notebooks.

References
----------
Python documentation, multiprocessing, "The spawn and forkserver start methods"; PyTorch documentation,
torch.utils.data, "Platform-specific behaviors".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.context import chosen_methods
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at

CODE = "LN121"
SLUG = "class-not-importable-in-worker"
TITLE = "A dataset's class cannot be imported by spawned workers"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import DataLoader, Dataset
if __name__ == "__main__":
    class Squares(Dataset):
        def __getitem__(self, index):
            return index * index
    loader = DataLoader(Squares(), num_workers=2)
""",
    """
from torch.utils.data import DataLoader
if __name__ == "__main__":
    def collate(batch):
        return batch
    loader = DataLoader(dataset, num_workers=2, collate_fn=collate)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader, Dataset
class Squares(Dataset):
    def __getitem__(self, index):
        return index * index
if __name__ == "__main__":
    loader = DataLoader(Squares(), num_workers=2)
""",
    """
from torch.utils.data import DataLoader, Dataset
if __name__ == "__main__":
    class Squares(Dataset):
        def __getitem__(self, index):
            return index * index
    loader = DataLoader(Squares())
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find classes and functions that loaders with workers get and that no worker can import."""
    if "fork" in chosen_methods(script):
        return
    seen: set[int] = set()
    for loader in script.loaders:
        if not loader.has_workers or (script.is_notebook and seen):
            continue  # in a notebook the first says it for all
        for argument in ("dataset", "collate_fn", "worker_init_fn"):
            for part in script.datasets.parts_of(loader.argument(argument)):
                node = _definition(script, part)
                if node is None or id(node) in seen or (script.is_notebook and seen):
                    continue
                seen.add(id(node))
                where = "in a notebook" if script.is_notebook else "under the main guard"
                name = node.name
                yield spot_at(
                    node,
                    f"{name} is defined {where}, and the loader in line {script.show_line(loader.call)} "
                    "hands it to workers: a spawned worker cannot import it.",
                    "Move it into a module and import it.",
                    f"from my_module import {name}  # my_module.py holds it",
                    confidence="possible" if script.is_notebook else "likely",
                )


def _definition(script: Script, part: ast.expr) -> ast.ClassDef | ast.FunctionDef | None:
    """Return the definition behind a part that spawned workers could not import."""
    node = part.func if isinstance(part, ast.Call) else part
    if not isinstance(node, ast.Name):
        return None
    for binding in script.tree.bindings.get((script.module, last_name(node)), ()):
        found = binding.node
        is_class = isinstance(found, ast.ClassDef) and isinstance(part, ast.Call)
        is_function = isinstance(found, ast.FunctionDef) and isinstance(part, ast.Name)
        if not (is_class or is_function) or not (script.is_notebook or script.tree.is_guarded(found)):
            continue
        if isinstance(found, ast.ClassDef | ast.FunctionDef):
            return found
    return None

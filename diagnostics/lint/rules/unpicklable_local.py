"""A lambda, nested function or local class is handed to workers.

What it means
-------------
The dataset, a transform, collate_fn or worker_init_fn is (or holds) a lambda, a function defined inside
another function, or an object of a class defined inside a function.

Why it matters
--------------
Workers that are not forked get these things pickled, by name, and such things have no name that can be
imported: "Can't pickle local object". So it is on Windows and macOS, and on Linux from Python 3.14.

How to fix
----------
Move it to module level. Where it needs values from around it, use `functools.partial` or a class with
`__call__`.

When it is fine
---------------
With num_workers=0, or where workers are always forked (`multiprocessing_context="fork"`).

References
----------
Python documentation, pickle, "What can be pickled and unpickled?"; PyTorch documentation,
torch.utils.data, "Platform-specific behaviors".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.context import chosen_methods
from diagnostics.lint.datasets import methods_of
from diagnostics.lint.handles import PICKLING
from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.tree import FUNCTIONS, all_parameters

CODE = "LN102"
SLUG = "unpicklable-local"
TITLE = "A lambda, nested function or local class is handed to workers"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, collate_fn=lambda batch: batch)
""",
    """
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
def make():
    t = transforms.Compose([transforms.ToTensor(), transforms.Lambda(lambda x: x * 2)])
    data = datasets.MNIST("data", transform=t)
    return DataLoader(data, num_workers=4)
""",
    """
from torch.utils.data import DataLoader, Dataset
def main():
    class Squares(Dataset):
        def __len__(self): return 9
        def __getitem__(self, i): return i * i
    return DataLoader(Squares(), num_workers=2)
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, collate_fn=lambda batch: batch)
""",
    """
from torch.utils.data import DataLoader
def collate(batch):
    return sorted(batch, key=lambda sample: -len(sample))
loader = DataLoader(dataset, num_workers=2, collate_fn=collate)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, collate_fn=lambda b: b, multiprocessing_context="fork")
""",
)


Culprit = ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def find(script: Script) -> Iterator[Spot]:
    """Find what cannot be pickled by name in the arguments of loaders with workers."""
    if "fork" in chosen_methods(script):
        return
    seen: set[int] = set()
    for loader in script.loaders:
        if not loader.has_workers:
            continue
        for argument in ("dataset", "collate_fn", "worker_init_fn"):
            for part in script.datasets.parts_of(loader.argument(argument)):
                for culprit, what in _culprits(script, part):
                    if id(culprit) not in seen:
                        seen.add(id(culprit))
                        yield _spot(script, loader, argument, culprit, what)


def _spot(script: Script, loader: Loader, argument: str, culprit: Culprit, what: str) -> Spot:
    line = script.show_line(loader.call)
    message = (
        f"{what} reaches the workers of the loader in line {line} through {argument}: "
        "it has no name to pickle."
    )
    return spot_at(
        culprit,
        message,
        "Move it to module level.",
        *_moved(script, culprit, argument),
        confidence="likely",
    )


def _moved(script: Script, culprit: Culprit, argument: str) -> tuple[str, ...]:
    free = _free(script, culprit)
    if isinstance(culprit, ast.ClassDef):
        bases = ", ".join(map(source_of, culprit.bases))
        hand = f"; hand {', '.join(free)} to its __init__" if free else ""
        head = f"class {culprit.name}{f'({bases})' if bases else ''}:"
        return (f"{head}  # at module level, before the function that uses it{hand}", "    ...")
    name = "prepare" if argument == "dataset" else argument.removesuffix("_fn")
    name = name if isinstance(culprit, ast.Lambda) else culprit.name
    own = [source_of(culprit.args, 200)] if all_parameters(culprit.args) else []
    body = f"return {source_of(culprit.body, 90)}" if isinstance(culprit, ast.Lambda) else "...  # as it is"
    used = f"functools.partial({', '.join((name, *free))})" if free else name
    return (
        f"def {name}({', '.join((*free, *own))}):  # at module level",
        f"    {body}",
        _in_place(script, culprit, used, argument),
    )


def _free(script: Script, culprit: Culprit) -> list[str]:
    """Return the variables of functions around it that it uses."""
    inside = {id(node) for node in ast.walk(culprit)}
    found = [
        name.id
        for name in ast.walk(culprit)
        if isinstance(name, ast.Name)
        and isinstance(home := script.tree.home_of(name), (*FUNCTIONS, ast.Lambda))
        and id(home) not in inside
    ]
    return list(dict.fromkeys(found))


def _in_place(script: Script, culprit: Culprit, used: str, argument: str) -> str:
    """Return what stands in place of a lambda: the argument, assignment or call that it is in."""
    parent = script.tree.parents.get(culprit)
    if isinstance(culprit, ast.Lambda) and isinstance(parent, ast.keyword) and parent.arg:
        return f"{parent.arg}={used}"
    if isinstance(culprit, ast.Lambda) and isinstance(parent, ast.Assign):
        return f"{source_of(parent.targets[0])} = {used}"
    if isinstance(culprit, ast.Lambda) and isinstance(parent, ast.Call):
        new = ast.parse(used, mode="eval").body
        arguments = [new if each is culprit else each for each in parent.args]
        return source_of(ast.Call(parent.func, arguments, parent.keywords), 200)
    return used if argument == "dataset" else f"{argument}={used}"


def _culprits(script: Script, part: ast.expr) -> Iterator[tuple[Culprit, str]]:
    if isinstance(part, ast.Lambda):
        yield part, "A lambda"
        return
    node = part.func if isinstance(part, ast.Call) else part
    if isinstance(node, ast.Name):
        for scope in script.tree.scopes_of(node):
            for binding in script.tree.bindings.get((scope, node.id), ()):
                is_local = script.tree.function_of(binding.node) is not None
                found = binding.node
                if isinstance(found, FUNCTIONS) and is_local and not isinstance(part, ast.Call):
                    yield found, f"The nested function {node.id}"
                elif isinstance(found, ast.ClassDef) and is_local:
                    yield found, f"An object of the local class {node.id}"
            if (scope, node.id) in script.tree.bindings:
                break
    if isinstance(part, ast.Call):
        yield from _kept_by(script, last_name(part.func))


def _kept_by(script: Script, class_name: str) -> Iterator[tuple[Culprit, str]]:
    """Yield lambdas that the constructor of a class of this source puts on `self`."""
    known = script.values.classes.get(class_name)
    if known is None or PICKLING & {method.name for method in methods_of(known)}:
        return
    for node in ast.walk(known):
        is_store = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
        if is_store and isinstance(node, ast.Assign) and _is_in_constructor(script, node):
            for part in script.datasets.parts_of(node.value):
                if isinstance(part, ast.Lambda):
                    yield part, f"A lambda kept by {class_name}"


def _is_in_constructor(script: Script, node: ast.AST) -> bool:
    function = script.tree.function_of(node)
    return function is not None and function.name == "__init__"

"""StopIteration can leave `__getitem__`, which ends the epoch early.

What it means
-------------
`__getitem__` (or collate_fn) raises StopIteration, or calls `next()` without a default on an iterator that
may end.

Why it matters
--------------
The loader takes StopIteration for the end of the data: the epoch ends early and nothing is said, with 0, 1
or many workers.

How to fix
----------
Read by index; or catch StopIteration and raise IndexError or RuntimeError with the index.

When it is fine
---------------
Where the iterator never ends (`itertools.cycle`, `itertools.count`).

References
----------
Python documentation, built-in exceptions, StopIteration; PEP 479 on the same trap in generators.
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.tree import FUNCTIONS, Function, all_parameters

CODE = "LN106"
SLUG = "silent-truncation"
TITLE = "StopIteration can leave __getitem__, which ends the epoch early"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import Dataset
class Stream(Dataset):
    def __getitem__(self, index):
        return next(self.stream)
""",
    """
from torch.utils.data import Dataset
class Few(Dataset):
    def __getitem__(self, index):
        if index >= len(self.rows):
            raise StopIteration
        return self.rows[index]
""",
)
SILENT = (
    """
from torch.utils.data import Dataset
class Stream(Dataset):
    def __getitem__(self, index):
        try:
            return next(self.stream)
        except StopIteration:
            raise IndexError(index) from None
""",
    """
import itertools
from torch.utils.data import Dataset
class Stream(Dataset):
    def __init__(self):
        self.numbers = itertools.count()
    def __getitem__(self, index):
        return next(self.numbers), next(iter([1]), None)
""",
)

ENDLESS = {"itertools.cycle", "itertools.count", "itertools.repeat"}
CATCHING = {"StopIteration", "Exception", "BaseException"}


def find(script: Script) -> Iterator[Spot]:
    """Find StopIteration in what a sample runs through."""
    for dataset in script.datasets.classes:
        if dataset.kind != "iterable":
            place = f"{dataset.node.name}.{dataset.reader}"
            yield from _in_functions(script, script.datasets.runs_in(dataset.node, dataset.reader), place)
    for loader in script.loaders:
        for part in script.datasets.parts_of(loader.argument("collate_fn")):
            functions = script.values.functions.get(last_name(part), [])[:1]
            yield from _in_functions(script, functions, "collate_fn")


def _in_functions(script: Script, functions: list[Function], place: str) -> Iterator[Spot]:
    for function in functions:
        if _is_generator(script, function):
            continue
        for node in ast.walk(function):
            if script.tree.function_of(node) is not function or _is_caught(script, node, function):
                continue
            if isinstance(node, ast.Raise) and _raises_stop(node):
                yield spot_at(
                    node,
                    f"{place} raises StopIteration: the loader takes it for the end of the epoch.",
                    "Raise another exception instead.",
                    f"raise {_instead(function)}",
                )
            elif isinstance(node, ast.Call) and _is_bare_next(script, node):
                yield spot_at(
                    node,
                    f"{place} calls {source_of(node, 40)} without a default: at the iterator's end the epoch "
                    "ends early, in silence.",
                    "Catch StopIteration, or read by index.",
                    "try:",
                    f"    sample = {source_of(node)}",
                    "except StopIteration:",
                    f"    raise {_instead(function)} from None",
                    confidence="likely",
                )


def _instead(function: Function) -> str:
    """Return an exception that the loader passes on, with the index where there is one."""
    parameters = all_parameters(function.args)
    if function.name == "__getitem__" and len(parameters) > 1:
        return f"IndexError({parameters[1].arg})"
    return f'RuntimeError("{function.name} has no more data")'


def _is_generator(script: Script, function: Function) -> bool:
    yields = (n for n in ast.walk(function) if isinstance(n, ast.Yield | ast.YieldFrom))
    return any(script.tree.function_of(each) is function for each in yields)


def _raises_stop(node: ast.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return raised is not None and last_name(raised) == "StopIteration"


def _is_bare_next(script: Script, call: ast.Call) -> bool:
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr == "__next__"
    is_next = isinstance(call.func, ast.Name) and call.func.id == "next" and len(call.args) == 1
    if not (is_method or is_next):
        return False
    given = call.func.value if isinstance(call.func, ast.Attribute) else call.args[0]
    for each in script.values.possible(given):
        if isinstance(each.node, ast.Call):
            name = script.name_of(each.node.func)
            if name in ENDLESS or name.endswith(".cycle"):
                return False
    is_first_of = isinstance(given, ast.Call) and last_name(given.func) == "iter"
    is_every = isinstance(given, ast.GeneratorExp) and not any(each.ifs for each in given.generators)
    return not (is_first_of or is_every)


def _is_caught(script: Script, node: ast.AST, function: Function) -> bool:
    child = node
    for ancestor in script.tree.ancestors(node):
        if isinstance(ancestor, ast.Try) and (child in ancestor.body or child in ancestor.handlers):
            for handler in ancestor.handlers:
                caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
                if any(each is None or last_name(each) in CATCHING for each in caught):
                    return True
        if isinstance(ancestor, FUNCTIONS) and ancestor is function:
            return False
        child = ancestor
    return False

"""The many Python objects that a dataset keeps: in what, how they are made, and whether they are many."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.lint.datasets import DatasetClass
from diagnostics.lint.handles import SAMPLING, stores
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import source_of
from diagnostics.lint.tree import FUNCTIONS, all_parameters

BIG = 200_000  # objects: a million small ones take some 60 MB in each worker
READERS = {"readlines", "splitlines", "to_dict", "tolist", "iterrows", "itertuples"}
FILES = {"open", "reader", "DictReader"}
LOOKING_UP = {"get", "items", "keys", "values", "setdefault"}
DICTIONARIES = {"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "Counter"}
LOADERS = {"json.load", "json.loads", "pickle.load", "csv.reader", "csv.DictReader", "yaml.safe_load"}


@dataclass(frozen=True)
class Records:
    """What a dataset keeps.

    Attributes
    ----------
    node : ast.expr
        What makes it.
    name : str
        Its name on `self`.
    how : str
        How it is made, in words.
    is_big : bool
        Whether the source says that there are many objects.
    element : ast.expr or None
        One of its elements, where one is seen.
    """

    node: ast.expr
    name: str
    how: str
    is_big: bool
    element: ast.expr | None = None


def records_of(script: Script, dataset: DatasetClass) -> Iterator[Records]:
    """Return the lists and dictionaries that a dataset makes and then hands out samples from."""
    sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
    used = {n.attr for f in sampling for n in ast.walk(f) if isinstance(n, ast.Attribute)}
    for function in script.datasets.runs_in(dataset.node, "__init__"):
        for name, node, value in stores([function]):
            if name not in used:
                continue
            if isinstance(node, ast.Call):  # self.name.append(value)
                kept = Records(node, name, *_appended(script, node, function), value)
            else:
                element = value.elt if isinstance(value, ast.ListComp) else None
                kept = Records(value, name, *_origin(script, value), element)
            if kept.how:
                yield kept


def form(script: Script, dataset: DatasetClass, kept: Records) -> str:
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


def is_record(script: Script, node: ast.expr | None) -> bool:
    """Tell whether an element is an object of several: a dictionary, a list, what JSON holds."""
    if isinstance(node, ast.Call):
        return script.name_of(node.func) in LOADERS or last_name(node.func) in {"dict", "list", "tuple"}
    return isinstance(node, ast.Dict | ast.List | ast.Tuple)


def _is_said_to_be_a_dictionary(script: Script, node: ast.expr) -> bool:
    scope = script.tree.home_of(node) if isinstance(node, ast.Name) else None
    for parameter in all_parameters(scope.args) if isinstance(scope, FUNCTIONS) else ():
        if isinstance(node, ast.Name) and parameter.arg == node.id and parameter.annotation is not None:
            said = parameter.annotation
            said = said.value if isinstance(said, ast.Subscript) else said
            return last_name(said) in DICTIONARIES
    return False


def _origin(script: Script, value: ast.expr) -> tuple[str, bool]:
    """Return how a list of many objects is made, and whether its size is known to be big."""
    for each in script.values.possible(value):
        node = each.node
        if isinstance(node, ast.Call) and last_name(node.func) in {"list", "sorted"} and node.args:
            node = node.args[0]
            if (count := _range_length(script, node)) and count >= BIG:
                return f"of {count:,} numbers", True
        if isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
            node = node.generators[0].iter
            if (length := _range_length(script, node)) is not None:
                return (f"of {length:,} objects", True) if length >= BIG else ("", False)
            if _is_file(script, node):
                return "read line by line", False
        if isinstance(node, ast.Call):
            name = script.name_of(node.func)
            if name in LOADERS or (isinstance(node.func, ast.Attribute) and node.func.attr in READERS):
                return f"from {source_of(node.func, 40)}", False
    return "", False


def _appended(script: Script, node: ast.AST, function: ast.AST) -> tuple[str, bool]:
    """Return the same of a list that a loop appends to."""
    for ancestor in script.tree.ancestors(node):
        if ancestor is function:
            break
        if isinstance(ancestor, ast.For):
            if _is_file(script, ancestor.iter):
                return "appended line by line", False
            if (length := _range_length(script, ancestor.iter)) and length >= BIG:
                return f"appended {length:,} times", True
    return "", False


def _range_length(script: Script, node: ast.expr) -> int | None:
    """Return the length of a range, 0 where the source does not say it; None for anything else."""
    if not (isinstance(node, ast.Call) and last_name(node.func) == "range"):
        return None
    ends = script.values.possible(node.args[min(len(node.args), 2) - 1]) if node.args else []
    numbers = [each.constant for each in ends if isinstance(each.constant, int)]
    return numbers[0] if len(numbers) == 1 else 0


def _is_file(script: Script, source: ast.expr) -> bool:
    """Tell whether a loop over it reads a file, element by element."""
    if isinstance(source, ast.Call):
        if last_name(source.func) == "enumerate":
            return any(_is_file(script, each) for each in source.args)
        return last_name(source.func) in FILES | READERS
    if isinstance(source, ast.Name):
        for scope in script.tree.scopes_of(source):
            for binding in script.tree.bindings.get((scope, source.id), ()):
                if isinstance(binding.node, ast.withitem):
                    opening = binding.node.context_expr
                    return isinstance(opening, ast.Call) and last_name(opening.func) == "open"
    return False

"""Handles: open files, databases and locks that a dataset keeps from its constructor."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.lint.datasets import DatasetClass, mentions, methods_of
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.script import Script
from diagnostics.lint.tree import Function, all_parameters

PICKLING = {"__getstate__", "__reduce__", "__reduce_ex__", "__copyreg__"}
SAMPLING = ("__getitem__", "__getitems__", "__iter__", "__call__")


@dataclass(frozen=True)
class KeptHandle:
    """A handle that a dataset opens in its constructor and keeps.

    Attributes
    ----------
    dataset : DatasetClass
    attribute : str
        Its name on `self`; for a handle of the module, its name there.
    opening : ast.expr
        The call that opens it.
    function : str
        What was called: "h5py.File".
    is_used : bool
        Whether samples are read through it.
    stored : ast.expr or None
        What is put on `self`: `h5py.File(path)["x"]`.
    key : ast.expr or None
        Its key, where `self` keeps several in a dictionary.
    """

    dataset: DatasetClass
    attribute: str
    opening: ast.expr
    function: str
    is_used: bool
    stored: ast.expr | None = None
    key: ast.expr | None = None

    def lazily(self) -> tuple[str, ...]:
        """Return the code that opens it in the worker instead."""
        value = self.stored or self.opening
        init = next((m for m in methods_of(self.dataset.node) if m.name == "__init__"), None)
        parameters = {each.arg for each in all_parameters(init.args)[1:]} if init is not None else set()
        moved = _OnSelf(parameters)
        opening = ast.unparse(moved.visit(copy.deepcopy(value)))
        if self.key is not None:
            key = ast.unparse(self.key)
            return (
                f"self.{self.attribute} = {{}}  # in __init__",
                f"if {key} not in self.{self.attribute}:  # first line of {self.dataset.reader}",
                f"    self.{self.attribute}[{key}] = {opening}",
            )
        return (
            *(f"self.{name} = {name}  # in __init__" for name in moved.used if name != self.attribute),
            f"self.{self.attribute} = None  # in __init__",
            f"if self.{self.attribute} is None:  # first line of {self.dataset.reader}",
            f"    self.{self.attribute} = {opening}",
        )


class _OnSelf(ast.NodeTransformer):
    """Turns parameters of a constructor into attributes."""

    def __init__(self, parameters: set[str]) -> None:
        self.parameters = parameters
        self.used: list[str] = []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a parameter."""
        if node.id not in self.parameters:
            return node
        if node.id not in self.used:
            self.used.append(node.id)
        return ast.Attribute(ast.Name("self", ast.Load()), node.id, ast.Load())


def opened(
    script: Script, node: ast.expr | None, functions: frozenset[str]
) -> Iterator[tuple[ast.expr, str]]:
    """Yield the calls inside a value that open one of these, where the open thing itself is kept."""
    if isinstance(node, ast.Call):
        name = script.name_of(node.func) or dotted(node.func) or ""
        if name in functions and not (name == "open" and script.tree.imports.targets.get("open")):
            yield node, name
        elif isinstance(node.func, ast.Attribute) and node.func.attr in {"begin", "cursor"}:
            yield from _behind(script, node.func.value, functions)
        elif name in {"csv.reader", "csv.DictReader", "iter", "enumerate"} and node.args:
            yield from _behind(script, node.args[0], functions)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant | ast.Name | ast.JoinedStr):
        yield from _behind(script, node.value, functions)  # h5py.File(path)["x"], but not [:], which reads
    elif isinstance(node, ast.ListComp):
        yield from opened(script, node.elt, functions)
    elif isinstance(node, ast.DictComp):
        yield from opened(script, node.value, functions)
    elif isinstance(node, ast.List | ast.Tuple):
        for element in node.elts[:20]:
            yield from opened(script, element, functions)


def _behind(script: Script, node: ast.expr, functions: frozenset[str]) -> Iterator[tuple[ast.expr, str]]:
    for each in script.values.possible(node):
        if each.node is not node or isinstance(node, ast.Call):
            yield from opened(script, each.node, functions)


def kept_handles(script: Script, functions: frozenset[str]) -> Iterator[KeptHandle]:
    """Yield the handles that dataset classes keep and that workers may get."""
    for dataset in script.datasets.classes:
        if dataset.is_without_workers or PICKLING & {
            method.name for each in script.values.family(dataset.node) for method in methods_of(each)
        }:
            continue
        constructing = script.datasets.runs_in(dataset.node, "__init__")
        sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
        yield from _on_self(script, dataset, functions, constructing, sampling)
        yield from _in_bodies(script, dataset, functions, sampling)


def _on_self(
    script: Script,
    dataset: DatasetClass,
    functions: frozenset[str],
    constructing: list[Function],
    sampling: list[Function],
) -> Iterator[KeptHandle]:
    others = {id(each.node) for each in script.datasets.classes if each is not dataset}
    own = {id(each) for each in script.values.family(dataset.node)} - others
    reopened = {name for _, name in _openings(script, sampling, functions)}
    for attribute, node, value in _stores(constructing):
        if id(script.tree.class_of(node)) not in own:
            continue
        is_choice = any(isinstance(each, ast.If) for each in script.tree.ancestors(node))
        for possible in script.values.possible(value):
            for opening, function in opened(script, possible.node, functions):
                is_foreseen = is_choice and function in reopened  # kept or opened for each sample, as wanted
                if not is_foreseen and not _is_let_go(script, attribute, constructing, node):
                    is_used = mentions(sampling, {attribute})
                    stored = _spelled_out(value, opening)
                    key = _key_of(node)
                    yield KeptHandle(dataset, attribute, opening, function, is_used, stored, key)


def _spelled_out(value: ast.expr, opening: ast.expr) -> ast.expr:
    """Return what is stored with the opening in the place of a variable that holds it."""
    if any(node is opening for node in ast.walk(value)):
        return value
    if isinstance(value, ast.Subscript):
        return ast.Subscript(_spelled_out(value.value, opening), value.slice, ast.Load())
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        owner = _spelled_out(value.func.value, opening)
        return ast.Call(ast.Attribute(owner, value.func.attr, ast.Load()), value.args, value.keywords)
    return opening


def _key_of(store: ast.AST) -> ast.expr | None:
    """Return the key under which an assignment puts a handle into a dictionary."""
    target = store.targets[0] if isinstance(store, ast.Assign) else None
    return target.slice if isinstance(target, ast.Subscript) else None


def _openings(
    script: Script, functions: list[Function], openers: frozenset[str]
) -> Iterator[tuple[ast.expr, str]]:
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                yield from opened(script, node, openers)


def _stores(functions: list[Function]) -> Iterator[tuple[str, ast.AST, ast.expr]]:
    """Yield what a constructor puts on `self`: by `=`, by item, or by append."""
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    owner = target.value if isinstance(target, ast.Subscript) else target
                    if _is_on_self(owner):
                        yield last_name(owner), node, node.value
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.args
                and node.func.attr == "append"
                and _is_on_self(node.func.value)
            ):
                yield last_name(node.func.value), node, node.args[0]


def _is_on_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _is_let_go(script: Script, attribute: str, functions: list[Function], store: ast.AST) -> bool:
    """Tell whether the constructor closes the handle, or puts None in its place, after all."""
    for function in functions:
        for node in ast.walk(function):
            line = getattr(node, "lineno", 0)
            if line < getattr(store, "lineno", 0):
                continue
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "close"
                and last_name(node.value) == attribute
            ):
                return True
            if isinstance(node, ast.Delete) and any(last_name(each) == attribute for each in node.targets):
                return True
            is_none = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if is_none and isinstance(node, ast.Assign) and last_name(node.targets[0]) == attribute:
                return True
    return False


def _in_bodies(
    script: Script, dataset: DatasetClass, functions: frozenset[str], sampling: list[Function]
) -> Iterator[KeptHandle]:
    """Yield what the module or the class itself opens when it is imported, where samples use it."""
    nodes = [node for function in sampling for node in ast.walk(function)]
    of_module = {node.id for node in nodes if isinstance(node, ast.Name)}
    of_class = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    bodies = [(script.module.body, of_module)]
    bodies += [(each.body, of_class) for each in script.values.family(dataset.node)]
    for body, used in bodies:
        for statement in body:
            if isinstance(statement, ast.Assign) and last_name(statement.targets[0]) in used:
                for opening, function in opened(script, statement.value, functions):
                    name = last_name(statement.targets[0])
                    yield KeptHandle(dataset, name, opening, function, True)

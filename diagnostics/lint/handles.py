"""Handles: open files, databases and locks that a dataset keeps from its constructor."""

import ast
import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diagnostics.lint.datasets import DatasetClass, mentions, methods_of
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.script import Script
from diagnostics.lint.tree import Function, all_parameters

PICKLING = {"__getstate__", "__reduce__", "__reduce_ex__", "__copyreg__"}
SAMPLING = ("__getitem__", "__getitems__", "__iter__", "__call__")


@dataclass(frozen=True)
class KeptHandle:
    """A handle that is opened before the workers start and kept where samples find it.

    Attributes
    ----------
    dataset : DatasetClass
        Whose samples are read through it.
    owner : ast.ClassDef or ast.Module
        What keeps it: the dataset's class or a base of it, the class of an object that it keeps, the module.
    attribute : str
        Its name on the owner.
    opening : ast.expr
        The call that opens it.
    function : str
        What was called: "h5py.File".
    readers : list of Function
        What reads samples through it.
    stored : ast.expr or None
        What is put on the owner: `h5py.File(path)["x"]`.
    key : ast.expr or None
        Its key, where the owner keeps several in a dictionary.
    field : ast.AnnAssign or None
        The field of the class' body that makes it.
    """

    dataset: DatasetClass
    owner: ast.ClassDef | ast.Module
    attribute: str
    opening: ast.expr
    function: str
    readers: list[Function]
    stored: ast.expr | None = None
    key: ast.expr | None = None
    field: ast.AnnAssign | None = None

    @property
    def is_used(self) -> bool:
        """Whether samples are read through it."""
        return bool(self.readers)

    @property
    def is_pickled(self) -> bool:
        """Whether it goes to workers with the dataset; what a module or a class keeps, they make anew."""
        return self.stored is not None or self.field is not None

    @property
    def name(self) -> str:
        """What it is called: "file"; of an object that the dataset keeps, "Archive.file"."""
        is_other = isinstance(self.owner, ast.ClassDef) and self.owner is not self.dataset.node
        return f"{self.owner.name}.{self.attribute}" if is_other else self.attribute  # type: ignore[union-attr]

    def lazily(self, script: Script, code: str = "") -> tuple[str, ...]:
        """Return the code that opens it in the worker instead, or puts something else there."""
        value = self.stored or self.opening
        if isinstance(self.owner, ast.Module):
            return self._when_the_worker_starts(script, code or ast.unparse(value))
        init = next((m for m in methods_of(self.owner) if m.name == "__init__"), None)
        moved = _OnSelf({each.arg for each in all_parameters(init.args)[1:]} if init is not None else set())
        value, alone = copy.deepcopy(value), copy.deepcopy(self.opening)
        if script.tree.class_of(self.opening) is None:  # opened elsewhere, and passed
            value, alone = _by_path(value, moved.parameters), _by_path(alone, moved.parameters)
        opening = code or ast.unparse(moved.visit(value))
        reader = self.readers[0].name if self.readers else self.dataset.reader
        if self.key is not None:
            key = ast.unparse(self.key)
            return (
                f"self.{self.attribute} = {{}}  # in __init__",
                f"if {key} not in self.{self.attribute}:  # first line of {reader}",
                f"    self.{self.attribute}[{key}] = {opening}",
            )
        return (
            *(f"self.{name} = {name}  # in __init__" for name in moved.used if name != self.attribute),
            self._emptied(),
            f"if self.{self.attribute} is None:  # first line of {reader}",
            f"    self.{self.attribute} = {opening}",
            *(() if code else self._elsewhere(ast.unparse(moved.visit(alone)))),
        )

    def _elsewhere(self, opening: str) -> list[str]:
        """Return code for the methods that the main process reads it in, which open it for themselves."""
        leaving = {"__init__", "__del__", "__exit__", "close", *(each.name for each in self.readers)}
        owner = self.owner if isinstance(self.owner, ast.ClassDef) else self.dataset.node
        is_one = isinstance(self.stored, ast.Call | ast.Subscript)
        others = [each for each in methods_of(owner) if is_one and each.name not in leaving]
        return [
            f"with {opening} as file: ...  # in {method.name}, which runs in the main process"
            for method in others
            if mentions([method], {self.attribute})
        ]

    def _emptied(self) -> str:
        if self.field is None:
            return f"self.{self.attribute} = None  # in __init__"
        either = " | None" if dotted(self.field.annotation) else ""
        return f"{self.attribute}: {ast.unparse(self.field.annotation)}{either} = None  # in the class' body"

    def _when_the_worker_starts(self, script: Script, value: str) -> tuple[str, ...]:
        """Return a `worker_init_fn` that sets the module's variable anew."""
        loader = next((each for each in self.dataset.loaders if each.has_workers), None)
        given = loader.argument("worker_init_fn") if loader is not None else None
        name = given.id if isinstance(given, ast.Name) else "start_worker"
        start = (
            f"def {name}(worker_id):  # at module level",
            f"    global {self.attribute}",
            f"    {self.attribute} = {value}",
        )
        if isinstance(given, ast.Name):
            return (*start, "    ...  # what it does today")
        if loader is None:
            return (*start, f"DataLoader(..., worker_init_fn={name})")
        return (*start, loader.corrected(worker_init_fn=name))


def _by_path(opening: ast.expr, parameters: set[str]) -> ast.expr:
    """Let a call that opens a file of a caller's take the path as a parameter."""
    for node in ast.walk(opening):
        if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Constant):
            parameters.add("path")
            node.args[0] = ast.Name("path", ast.Load())
    return opening


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
    """Yield the handles that dataset classes, or objects which they keep, hold and that workers may get."""
    for dataset in script.datasets.classes:
        if dataset.is_without_workers or _is_pickled_its_own_way(script, dataset.node):
            continue
        sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
        for owner in _owners(script, dataset, sampling):
            yield from _on_self(script, dataset, owner, functions, sampling)
        yield from _in_bodies(script, dataset, functions, sampling)


def _is_pickled_its_own_way(script: Script, node: ast.ClassDef) -> bool:
    return bool(
        PICKLING & {method.name for each in script.values.family(node) for method in methods_of(each)}
    )


def _owners(script: Script, dataset: DatasetClass, sampling: list[Function]) -> list[ast.ClassDef]:
    """Return a dataset's class, and the classes of the objects that it keeps, and of those that they keep."""
    others = {id(each.node) for each in script.datasets.classes}
    found = [dataset.node]
    for owner in found:
        constructing = script.datasets.runs_in(owner, "__init__")
        kept = [(name, script.values.attributes.class_of(value)) for name, _, value in stores(constructing)]
        for statement in (s for each in script.values.family(owner) for s in each.body):
            if isinstance(statement, ast.AnnAssign):
                known = script.values.classes.get(last_name(statement.annotation))
                kept.append((last_name(statement.target), known))
        for name, known in kept:
            if known is None or known in found or id(known) in others:
                continue
            if mentions(sampling, {name}) and not _is_pickled_its_own_way(script, known):
                found.append(known)
    return found


def _on_self(
    script: Script,
    dataset: DatasetClass,
    owner: ast.ClassDef,
    functions: frozenset[str],
    sampling: list[Function],
) -> Iterator[KeptHandle]:
    constructing = script.datasets.runs_in(owner, "__init__")
    others = {id(each.node) for each in script.datasets.classes if each.node is not owner}
    own = {id(each) for each in script.values.family(owner)} - others
    reopened = {name for _, name in _openings(script, sampling, functions)}
    for attribute, node, value in stores(constructing):
        if id(script.tree.class_of(node)) not in own:
            continue
        is_choice = any(isinstance(each, ast.If) for each in script.tree.ancestors(node))
        for possible in script.values.possible(value):
            for opening, function in opened(script, possible.node, functions):
                is_foreseen = is_choice and function in reopened  # kept or opened for each sample, as wanted
                if not is_foreseen and not _is_let_go(script, attribute, constructing, node):
                    readers = _reading(sampling, attribute)
                    stored = _spelled_out(value, opening)
                    key = _key_of(node)
                    yield KeptHandle(dataset, owner, attribute, opening, function, readers, stored, key)


def _reading(sampling: list[Function], name: str) -> list[Function]:
    return [function for function in sampling if mentions([function], {name})]


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


def stores(functions: Iterable[ast.AST]) -> Iterator[tuple[str, ast.AST, ast.expr]]:
    """Yield what a constructor puts on `self`: by `=`, several at once, by item, or by append."""
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target, value in (pair for each in targets for pair in _pairs(each, node.value)):
                    owner = target.value if isinstance(target, ast.Subscript) else target
                    if _is_on_self(owner):
                        yield last_name(owner), node, value
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.args
                and node.func.attr == "append"
                and _is_on_self(node.func.value)
            ):
                yield last_name(node.func.value), node, node.args[0]


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each target with its value: `self.path, self.file = path, open(path)`."""
    both = (target, value)
    if all(isinstance(each, ast.Tuple | ast.List) for each in both):
        targets, values = (getattr(each, "elts", []) for each in both)
        if len(targets) == len(values):
            yield from zip(targets, values, strict=True)
    else:
        yield target, value


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
    """Yield what the module opens when it is imported, or a class in its body, where samples use it."""
    nodes = [node for function in sampling for node in ast.walk(function)]
    of_module = {node.id for node in nodes if isinstance(node, ast.Name)}
    of_class = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    owners: list[tuple[ast.Module | ast.ClassDef, set[str]]] = [(script.module, of_module)]
    owners += [(each, of_class) for each in script.values.family(dataset.node)]
    for owner, used in owners:
        for statement in owner.body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                continue
            name = last_name(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target)
            if name not in used or statement.value is None:
                continue
            field = statement if isinstance(statement, ast.AnnAssign) else None
            for possible in script.values.possible(statement.value):
                for opening, function in opened(script, possible.node, functions):
                    readers = _reading(sampling, name)
                    yield KeptHandle(dataset, owner, name, opening, function, readers, field=field)


def is_renewed_per_worker(script: Script, kept: KeptHandle) -> bool:
    """Tell whether a `worker_init_fn` opens it anew in each worker."""
    for loader in kept.dataset.loaders:
        for part in script.datasets.parts_of(loader.argument("worker_init_fn")):
            functions = script.values.functions.get(last_name(part), [])
            if mentions(functions, {kept.attribute, "dataset", "get_worker_info"}) or isinstance(
                part, ast.Lambda
            ):
                return True
    return False

"""Datasets: the dataset classes of a source, what their samples run through, and which loaders get them."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import last_name
from diagnostics.lint.tree import FUNCTIONS, Function, Tree
from diagnostics.lint.values import Values

MAP_BASES = ("torch.utils.data.Dataset", "torch.utils.data.MapDataPipe")
ITERABLE_BASES = ("torch.utils.data.IterableDataset",)
DATASET_PACKAGES = ("torchvision.datasets.", "torchaudio.datasets.", "torch_geometric.data.Dataset")
# What is handed on to the workers as it is: constructors, and these functions.
MOST_PARTS, MOST_INNER = 200, 40  # of one expression, and of one call or list in it
GROWING = ("append", "insert", "extend")
PASSING = {"random_split", "partial", "Subset", "ConcatDataset", "prepare", "list", "tuple"}
PAIRING = {"zip", "enumerate", "items", "values"}  # give in a loop what they are given
Kind = Literal["map", "iterable", "callable"]
READERS = {"map": "__getitem__", "iterable": "__iter__", "callable": "__call__"}


@dataclass
class DatasetClass:
    """A class whose objects are datasets, or transforms and collate functions that workers call.

    Attributes
    ----------
    node : ast.ClassDef
    kind : {"map", "iterable", "callable"}
    loaders : list of Loader
        The loaders of this source that get one.
    """

    node: ast.ClassDef
    kind: Kind
    loaders: list[Loader] = field(default_factory=list)

    @property
    def reader(self) -> str:
        """The method that makes a sample."""
        return READERS[self.kind]

    @property
    def is_without_workers(self) -> bool:
        """Whether this source hands it to loaders, and none of them has workers."""
        return bool(self.loaders) and all(each.has_no_workers for each in self.loaders)

    @property
    def has_workers(self) -> bool:
        """Whether a loader with workers gets it here."""
        return any(each.has_workers for each in self.loaders)

    @property
    def forks_only(self) -> bool:
        """Whether every loader that gets it asks for fork."""
        return bool(self.loaders) and all(each.forks for each in self.loaders)


class Datasets:
    """The dataset classes of one tree."""

    def __init__(self, tree: Tree, values: Values, loaders: list[Loader]) -> None:
        self.tree, self.values = tree, values
        self._later: dict[tuple[ast.AST | None, str], list[ast.expr]] = {}
        for name, value in self._growing():
            self._later.setdefault((tree.home_of(name), name.id), []).append(value)
        self.handed: dict[str, list[Loader]] = {}
        for loader in loaders:
            for call in (*self.made_for(loader), *self._calls(loader.argument("collate_fn"))):
                known = self.handed.setdefault(last_name(call.func), [])
                if not any(each is loader for each in known):
                    known.append(loader)
        self.classes = list(self._find())

    def _find(self) -> Iterator[DatasetClass]:
        for node in self.tree.classes:
            kind = self.kind_of(node)
            if kind is not None:
                yield DatasetClass(node, kind, self.handed.get(node.name, []))

    def kind_of(self, node: ast.ClassDef) -> Kind | None:
        """Tell what kind of dataset a class is: by its bases, or by being handed to a loader."""
        methods = {method.name for each in self.values.family(node) for method in methods_of(each)}
        names = [name for each in self.values.family(node) for name in map(self._base_name, each.bases)]
        if any(name in ITERABLE_BASES for name in names):
            return "iterable"
        known = any(name in MAP_BASES or name.startswith(DATASET_PACKAGES) for name in names)
        looks = any(name.endswith("Dataset") and name.startswith(".") for name in names)
        if "__getitem__" in methods and (known or looks or node.name in self.handed):
            return "map"
        return "callable" if "__call__" in methods and node.name in self.handed else None

    def _base_name(self, base: ast.expr) -> str:
        if isinstance(base, ast.Subscript):  # Dataset[Sample]
            base = base.value
        return self.tree.imports.qualified(base)

    # What a loader gets

    def made_for(self, loader: Loader) -> list[ast.Call]:
        """Return the constructor calls behind a loader's dataset, those inside of others included."""
        return self._calls(loader.dataset)

    def _calls(self, expression: ast.expr | None) -> list[ast.Call]:
        return [node for node in self.parts_of(expression) if isinstance(node, ast.Call)]

    def parts_of(self, expression: ast.expr | None) -> list[ast.expr]:
        """Return what is handed on to workers with an expression: calls, lambdas, names of functions."""
        found: dict[int, ast.expr] = {}
        seen: set[int] = set()
        waiting: list[ast.expr | None] = [expression]
        while waiting and len(found) < MOST_PARTS:
            current = waiting.pop()
            if current is None or id(current) in seen:
                continue
            seen.add(id(current))
            nodes = [each.node for each in self.values.possible(current) if each.node is not None]
            new = [node for node in nodes if id(node) not in found]
            found |= {id(node): node for node in new}
            inner = [part for node in new for part in self._inner_parts(node)]
            waiting += reversed([*inner, *self._given_later(current), self._from_unpacking(current)])
        return list(found.values())

    def _inner_parts(self, node: ast.expr) -> list[ast.expr]:
        inner: list[ast.expr] = []
        if isinstance(node, ast.Call) and self._hands_on(node):
            inner = [value for place, value in enumerate(node.args) if self.keeps(node, place)]
            inner += [word.value for word in node.keywords if self.keeps(node, word.arg)]
        elif isinstance(node, ast.Call) and last_name(node.func) in PAIRING:
            inner = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        elif isinstance(node, ast.List | ast.Tuple):
            inner = list(node.elts)
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
            inner = [node.elt]
        elif isinstance(node, ast.Dict):
            inner = list(node.values)
        elif isinstance(node, ast.BinOp):
            inner = [node.left, node.right]
        elif isinstance(node, ast.Subscript | ast.DictComp):
            inner = [node.value]
        return inner[:MOST_INNER]

    def _growing(self) -> Iterator[tuple[ast.Name, ast.expr]]:
        for name in GROWING:
            for call in self.values.calls_by_name.get(name, ()):
                owner = call.func.value if isinstance(call.func, ast.Attribute) else None
                if isinstance(owner, ast.Name) and call.args:
                    yield owner, call.args[-1]
        yield from self.tree.attributes_of

    def _given_later(self, expression: ast.expr) -> Iterator[ast.expr]:
        """Yield what a variable is given after it is made: `steps.append(step)`, `data.transform = step`."""
        if isinstance(expression, ast.Name):
            yield from self._later.get((self.tree.home_of(expression), expression.id), [])[:MOST_INNER]

    @staticmethod
    def _hands_on(call: ast.Call) -> bool:
        name = last_name(call.func)
        return name[:1].isupper() or name in PASSING

    def keeps(self, call: ast.Call, parameter: str | int | None) -> bool:
        """Tell whether a constructor keeps an argument, by name or place; one from elsewhere is taken to."""
        known = self.values.classes.get(last_name(call.func))
        if known is None or parameter is None:
            return True
        init = next((m for m in methods_of(known) if m.name == "__init__"), None)
        if init is None:
            return True
        if isinstance(parameter, int):
            names = [each.arg for each in (*init.args.posonlyargs, *init.args.args)][1:]
            if parameter >= len(names):
                return True
            parameter = names[parameter]
        return any(
            isinstance(node, ast.Name) and node.id == parameter and self._is_kept(node)
            for node in ast.walk(init)
        )

    def _is_kept(self, name: ast.Name) -> bool:
        """`self.x = name` and `super().__init__(name)` keep a name; `sorted(key=name)` does not."""
        parent = self.tree.parents.get(name)
        if isinstance(parent, ast.keyword):
            parent = self.tree.parents.get(parent)
        while isinstance(parent, ast.Tuple | ast.List | ast.IfExp | ast.BoolOp):
            parent = self.tree.parents.get(parent)
        if isinstance(parent, ast.Call):
            return last_name(parent.func) in {"__init__", *PASSING} or last_name(parent.func)[:1].isupper()
        return isinstance(parent, ast.Assign | ast.AnnAssign)

    def _from_unpacking(self, expression: ast.expr) -> ast.expr | None:
        """Return what a name was unpacked from, or is a turn of: `for part in random_split(...)`."""
        if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
            for binding in self.tree.attribute_values.get(expression.attr, ()):
                parent = self.tree.parents.get(binding.node)
                grand = self.tree.parents.get(parent) if parent is not None else None
                if isinstance(parent, ast.Tuple) and isinstance(grand, ast.Assign) and binding.value is None:
                    return grand.value
            return None
        if not isinstance(expression, ast.Name):
            return None
        for scope in self.tree.scopes_of(expression):
            for binding in self.tree.bindings.get((scope, expression.id), ()):
                if isinstance(binding.node, ast.Assign) and binding.value is None:
                    return binding.node.value
                if isinstance(binding.node, ast.For | ast.comprehension) and binding.value is None:
                    return binding.node.iter
        return None

    # What a sample runs through

    def runs_in(self, owner: ast.ClassDef, *names: str) -> list[Function]:
        """Return methods of a class by name, with every method and function of this source they call."""
        start = [m for each in self.values.family(owner) for m in methods_of(each) if m.name in names]
        found = start[:1] if len(names) == 1 else start
        for function in found:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and len(found) < 60:
                    called = self._called(node, self._self_of(function, owner))
                    found += [each for each in called if not any(each is known for known in found)]
        return found

    def _self_of(self, function: Function, owner: ast.ClassDef) -> ast.ClassDef:
        """Return the class of `self` in a function: the owner, or that of an object which the owner keeps."""
        around = self.tree.parents.get(function)
        if isinstance(around, ast.ClassDef) and around not in self.values.family(owner):
            return around
        return owner

    def _called(self, call: ast.Call, owner: ast.ClassDef) -> list[Function]:
        func = call.func
        if isinstance(func, ast.Name):
            return [
                f
                for f in self.values.functions.get(func.id, ())
                if not isinstance(self.tree.parents.get(f), ast.ClassDef)
            ][:1]
        if not isinstance(func, ast.Attribute):
            return []
        is_own = isinstance(func.value, ast.Name) and func.value.id == "self"
        known = owner if is_own else self.values.attributes.class_of(func.value)
        family = self.values.family(known) if known is not None else []
        return [m for each in family for m in methods_of(each) if m.name == func.attr][:1]


def methods_of(node: ast.ClassDef) -> list[Function]:
    """Return the methods that a class defines itself."""
    return [each for each in node.body if isinstance(each, FUNCTIONS)]


def mentions(nodes: Sequence[ast.AST], words: set[str]) -> bool:
    """Tell whether one of these names or attributes is used anywhere in the nodes."""
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.Name | ast.Attribute) and last_name(each) in words:
                return True
            if isinstance(each, ast.arg | ast.keyword) and each.arg in words:
                return True
    return False

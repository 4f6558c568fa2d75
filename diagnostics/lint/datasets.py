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
PASSING = {"random_split", "partial", "Subset", "ConcatDataset", "prepare", "list", "tuple"}
Kind = Literal["map", "iterable"]


@dataclass
class DatasetClass:
    """A class whose objects are datasets.

    Attributes
    ----------
    node : ast.ClassDef
    kind : {"map", "iterable"}
    loaders : list of Loader
        The loaders of this source that get one.
    """

    node: ast.ClassDef
    kind: Kind
    loaders: list[Loader] = field(default_factory=list)

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
        self.handed: dict[str, list[Loader]] = {}
        for loader in loaders:
            for call in self.made_for(loader):
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
        return None

    def _base_name(self, base: ast.expr) -> str:
        if isinstance(base, ast.Subscript):  # Dataset[Sample]
            base = base.value
        return self.tree.imports.qualified(base)

    # What a loader gets

    def made_for(self, loader: Loader) -> list[ast.Call]:
        """Return the constructor calls behind a loader's dataset, those inside of others included."""
        return [node for node in self.parts_of(loader.dataset) if isinstance(node, ast.Call)]

    def parts_of(self, expression: ast.expr | None, depth: int = 0) -> list[ast.expr]:
        """Return what is handed on to workers with an expression: calls, lambdas, names of functions."""
        if expression is None or depth > 6:
            return []
        found: list[ast.expr] = []
        for each in self.values.possible(expression):
            if each.node is not None:
                found.append(each.node)
                found += self._inner_parts(each.node, depth)
        tail = self._from_unpacking(expression)
        if tail is not None:
            found += self.parts_of(tail, depth + 1)
        return list({id(node): node for node in found}.values())[:200]

    def _inner_parts(self, node: ast.expr, depth: int) -> list[ast.expr]:
        inner: list[ast.expr] = []
        if isinstance(node, ast.Call) and self._hands_on(node):
            inner = [*node.args, *(word.value for word in node.keywords if self.keeps(node, word.arg))]
        elif isinstance(node, ast.List | ast.Tuple):
            inner = list(node.elts)
        elif isinstance(node, ast.Dict):
            inner = list(node.values)
        elif isinstance(node, ast.BinOp | ast.Subscript):
            inner = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
        return [part for each in inner[:40] for part in self.parts_of(each, depth + 1)]

    @staticmethod
    def _hands_on(call: ast.Call) -> bool:
        name = last_name(call.func)
        return name[:1].isupper() or name in PASSING

    def keeps(self, call: ast.Call, parameter: str | None) -> bool:
        """Tell whether a constructor keeps an argument; one from elsewhere is taken to."""
        known = self.values.classes.get(last_name(call.func))
        if known is None or parameter is None:
            return True
        init = next((m for m in methods_of(known) if m.name == "__init__"), None)
        if init is None:
            return True
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
        """Return the call behind a name that it was unpacked from: `train, test = random_split(...)`."""
        if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
            for binding in self.tree.attribute_values.get(expression.attr, ()):
                parent = self.tree.parents.get(binding.node)
                grand = self.tree.parents.get(parent) if parent is not None else None
                if isinstance(parent, ast.Tuple) and isinstance(grand, ast.Assign):
                    return grand.value
            return None
        if not isinstance(expression, ast.Name):
            return None
        for scope in self.tree.scopes_of(expression):
            for binding in self.tree.bindings.get((scope, expression.id), ()):
                if isinstance(binding.node, ast.Assign) and binding.value is None:
                    return binding.node.value
        return None

    # What a sample runs through

    def runs_in(self, owner: ast.ClassDef, *names: str) -> list[Function]:
        """Return methods of a class by name, with every method and function of this source they call."""
        start = [m for each in self.values.family(owner) for m in methods_of(each) if m.name in names]
        found = start[:1] if len(names) == 1 else start
        for function in found:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and len(found) < 60:
                    called = self._called(node, owner)
                    found += [each for each in called if not any(each is known for known in found)]
        return found

    def _called(self, call: ast.Call, owner: ast.ClassDef) -> list[Function]:
        func = call.func
        if isinstance(func, ast.Name):
            return [
                f
                for f in self.values.functions.get(func.id, ())
                if not isinstance(self.tree.parents.get(f), ast.ClassDef)
            ][:1]
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "self":
            family = self.values.family(owner)
            return [m for each in family for m in methods_of(each) if m.name == func.attr][:1]
        return []


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

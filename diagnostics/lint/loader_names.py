"""Loader names: under which names, and out of which functions, a source gets its loaders."""

import ast
from collections.abc import Iterator

from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import last_name
from diagnostics.lint.tree import FUNCTIONS, Function, Tree
from diagnostics.lint.values import Values

Key = tuple[ast.AST | None, str]
# What gives batches out as it gets them, or keeps loaders.
WRAPPING = {
    "prepare", "dict", "list", "tuple", "setup_dataloaders", "tqdm", "track", "enumerate", "cycle", "iter",
}  # fmt: skip
MOST_OF_A_NAME, MOST_USES = 12, 200  # loaders that one name stands for, and places where it is followed


class LoaderNames:
    """The names under which a source keeps its loaders; one name may stand for several."""

    def __init__(self, tree: Tree, values: Values, loaders: list[Loader]) -> None:
        self.tree, self.values = tree, values
        self.by_key: dict[Key, list[Loader]] = {}
        self._returned: dict[str, list[Loader]] = {}
        self._uses: dict[str, list[ast.Name]] = {}
        for node in tree.names:
            if isinstance(node.ctx, ast.Load):
                self._uses.setdefault(node.id, []).append(node)
        self._made = {id(maker): loader for loader in loaders for maker in loader.makers}
        for loader in loaders:
            for maker in loader.makers[:MOST_USES]:
                self._place(maker, loader, 0)

    def _key(self, node: ast.AST | None) -> Key | None:
        """Return what tells one variable from others: its scope and name; of an attribute, its name."""
        if isinstance(node, ast.Attribute):
            return None, node.attr
        return (self.tree.home_of(node), node.id) if isinstance(node, ast.Name) else None

    def named(self, node: ast.AST) -> list[Loader]:
        """Return the loaders that a variable or an attribute stands for."""
        key = self._key(node)
        return self.by_key.get(key, []) if key is not None else []

    def _add(self, key: Key | None, loader: Loader, depth: int) -> None:
        known = self.by_key.setdefault(key, []) if key is not None else []
        if key is None or len(known) >= MOST_OF_A_NAME or any(each is loader for each in known):
            return
        known.append(loader)
        if key[0] is not None:
            self._follow(key, loader, depth)

    def _place(self, node: ast.AST, loader: Loader, depth: int) -> None:
        """Follow a loader from where it is made, or its maker is called, to the names that it gets."""
        if depth > 4:
            return
        child = node
        for parent in self.tree.ancestors(node):
            if isinstance(parent, ast.Assign | ast.AnnAssign):
                targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
                for target in targets:
                    for name in _targets(target, parent.value, child):
                        self._add(self._key(name), loader, depth)
                return
            if isinstance(parent, ast.Return):
                function = self.tree.function_of(parent)
                if function is not None:
                    self._return(function, loader, depth)
                return
            if isinstance(parent, ast.Call) and child is not parent.func:
                self._pass(parent, child, loader, depth)
                if last_name(parent.func) not in WRAPPING:
                    return
            if isinstance(parent, ast.withitem):  # with tqdm(loader) as progress:
                self._add(self._key(parent.optional_vars), loader, depth)
                return
            if isinstance(parent, ast.stmt | ast.Lambda):
                return
            child = parent

    def _return(self, function: Function, loader: Loader, depth: int) -> None:
        known = self._returned.setdefault(function.name, [])
        if len(known) >= MOST_OF_A_NAME or any(each is loader for each in known):
            return
        known.append(loader)
        if isinstance(self.tree.parents.get(function), ast.ClassDef):
            self._add((None, function.name), loader, depth + 1)
        for call in self.values.calls_by_name.get(function.name, ())[:MOST_USES]:
            self._place(call, loader, depth + 1)

    def _follow(self, key: Key, loader: Loader, depth: int) -> None:
        """A name handed to a function of this source, or returned, goes on there."""
        for node in self._uses.get(key[1], ())[:MOST_USES]:
            if self.tree.home_of(node) is not key[0]:
                continue
            parent = self.tree.parents.get(node)
            if isinstance(parent, ast.keyword):
                parent = self.tree.parents.get(parent)
            if isinstance(
                parent, ast.withitem | ast.Call | ast.Return | ast.Tuple | ast.Dict | ast.Assign | ast.List
            ):
                self._place(node, loader, depth + 1)

    def _pass(self, call: ast.Call, argument: ast.AST, loader: Loader, depth: int) -> None:
        name = last_name(call.func)
        known = self.values.classes.get(name)
        functions: list[Function] = list(self.values.functions.get(name, ()))
        if known is not None:
            functions = [f for f in known.body if isinstance(f, FUNCTIONS) and f.name == "__init__"]
        for function in functions[:4]:
            parameter = self._parameter_of(call, argument, function)
            if parameter:
                self._add((function, parameter), loader, depth + 1)

    def _parameter_of(self, call: ast.Call, argument: ast.AST, function: Function) -> str:
        if isinstance(argument, ast.keyword):
            return argument.arg or ""
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        if isinstance(self.tree.parents.get(function), ast.ClassDef):
            names = names[1:]
        positions = [index for index, each in enumerate(call.args) if each is argument]
        return names[positions[0]] if positions and positions[0] < len(names) else ""

    def in_expression(self, expression: ast.AST) -> list[Loader]:
        """Return the loaders that an expression mentions, by name or by making one."""
        found: list[Loader] = []
        for node in ast.walk(expression):
            found += self.named(node)
        return list({id(each): each for each in found}.values())

    def of_call(self, expression: ast.AST) -> list[Loader]:
        """Return loaders mentioned, those made here or returned by a called function included."""
        calls = [node for node in ast.walk(expression) if isinstance(node, ast.Call)]
        returned = [each for call in calls for each in self._returned.get(last_name(call.func), [])]
        made = [self._made[id(call)] for call in calls if id(call) in self._made]
        return self.in_expression(expression) + returned + made


def _targets(target: ast.expr, value: ast.expr | None, child: ast.AST) -> Iterator[ast.expr]:
    """Yield the variables that get a value which stands somewhere in what is assigned."""
    if isinstance(target, ast.Tuple | ast.List):
        aligned = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        for position, element in enumerate(target.elts):
            if aligned and isinstance(value, ast.Tuple | ast.List):
                inside = {id(node) for node in ast.walk(value.elts[position])}
                if id(child) not in inside and child is not value:
                    continue
            yield from _targets(element, None, child)
    elif isinstance(target, ast.Subscript):
        yield target.value
    else:
        yield target

"""Tree: one walk over a syntax tree that notes parents, bindings, calls and the main guard."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from diagnostics.lint.names import Imports, dotted, last_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (ast.Module, *FUNCTIONS, ast.Lambda, ast.ClassDef)
BINDING = (
    ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.AsyncFor, ast.comprehension,
    ast.Subscript, ast.withitem, ast.ExceptHandler, *SCOPES[1:], ast.Import, ast.ImportFrom,
)  # fmt: skip
# Two sides of a comparison that holds in the main process alone.
MAIN_PROCESS = (
    {"__name__", "'__main__'"},
    {"multiprocessing.current_process().name", "'MainProcess'"},
    {"mp.current_process().name", "'MainProcess'"},
    {"current_process().name", "'MainProcess'"},
    {"multiprocessing.parent_process()", "None"},
    {"mp.parent_process()", "None"},
    {"parent_process()", "None"},
)
MOST_ROUNDS = 12  # of a loop over a list that is written out
BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Binding:
    """One place that gives a name a value; `value` is None where the value cannot be read off."""

    node: ast.AST
    value: ast.expr | None
    kind: str = "assigned"  # or "parameter", "function", "class", "imported", "other"


@dataclass
class Tree:
    """A module's nodes by kind, each with its parent."""

    module: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    classes: list[ast.ClassDef] = field(default_factory=list)
    loops: list[ast.For | ast.AsyncFor] = field(default_factory=list)
    attributes: list[ast.Attribute] = field(default_factory=list)
    names: list[ast.Name] = field(default_factory=list)
    ifs: list[ast.If] = field(default_factory=list)
    bindings: dict[tuple[ast.AST, str], list[Binding]] = field(default_factory=lambda: defaultdict(list))
    attribute_values: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    attributes_of: list[tuple[ast.Name, ast.expr]] = field(default_factory=list)
    deleted: list[ast.Subscript] = field(default_factory=list)
    item_values: dict[str, list[ast.Assign]] = field(default_factory=lambda: defaultdict(list))
    global_names: set[tuple[ast.AST, str]] = field(default_factory=set)
    imports: Imports = field(init=False)

    def __post_init__(self) -> None:
        imports: list[ast.Import | ast.ImportFrom] = []
        kinds: dict[type, list] = {
            ast.Call: self.calls,
            ast.FunctionDef: self.functions,
            ast.AsyncFunctionDef: self.functions,
            ast.ClassDef: self.classes,
            ast.For: self.loops,
            ast.AsyncFor: self.loops,
            ast.Attribute: self.attributes,
            ast.Name: self.names,
            ast.If: self.ifs,
            ast.Import: imports,
            ast.ImportFrom: imports,
        }
        binding: list[ast.AST] = []
        declared: list[ast.Global] = []
        waiting: list[ast.AST] = [self.module]
        for node in waiting:
            kind = kinds.get(type(node))
            if kind is not None:
                kind.append(node)
            if isinstance(node, BINDING):
                binding.append(node)
            elif isinstance(node, ast.Global):
                declared.append(node)
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
                waiting.append(child)
        self.imports = Imports(imports)
        self.global_names = {(self.scope_of(node), name) for node in declared for name in node.names}
        for node in binding:
            self._bind(node)
        self._rename()
        self.guarded = {id(block) for each in self.ifs for block in _guarded_blocks(each)}
        self.guarded_statements = set(_after_reversed_guards(self.module))

    def _rename(self) -> None:
        """Count a name that only ever stands for an imported one, `Loader = data.DataLoader`, as imported."""
        by_name: dict[str, list[Binding]] = defaultdict(list)
        for (_, name), bindings in self.bindings.items():
            by_name[name] += bindings
        for name, bindings in by_name.items():
            target = self.imports.qualified(bindings[0].value) if bindings[0].value is not None else ""
            if len(bindings) == 1 and target and name not in self.imports.targets:
                self.imports.targets[name] = target

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind_target(target, node.value, node)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._bind_target(node.target, node.value, node)
        elif isinstance(node, ast.AugAssign):
            self._bind_target(node.target, self._merged(node), node)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            rounds = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else []
            for value in rounds if 0 < len(rounds) <= MOST_ROUNDS else (None,):
                self._bind_target(node.target, value, node)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Del):
            self.deleted.append(node)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._bind_target(node.optional_vars, None, node)
        else:
            self._bind_definition(node)

    def _merged(self, node: ast.AugAssign) -> ast.expr | None:
        """Return `options | more` for `options |= more`; what numbers grow to is not followed."""
        if not (isinstance(node.op, ast.BitOr) and isinstance(node.target, ast.Name)):
            return None
        before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        self.parents[before] = node
        return ast.copy_location(ast.BinOp(before, node.op, node.value), node)

    def _bind_definition(self, node: ast.AST) -> None:
        if isinstance(node, ast.ExceptHandler) and node.name:
            self._add(node, node.name, Binding(node, None, "other"))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._add(node, node.name, Binding(node, None, "function"))
            self._bind_parameters(node)
        elif isinstance(node, ast.Lambda):
            self._bind_parameters(node)
        elif isinstance(node, ast.ClassDef):
            self._add(node, node.name, Binding(node, None, "class"))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self._add(node, name, Binding(node, None, "imported"))

    def _add(self, node: ast.AST, name: str, binding: Binding) -> None:
        scope = self.scope_of(node)
        if (scope, name) in self.global_names:
            scope = self.module
        self.bindings[scope, name].append(binding)

    def _bind_parameters(self, function: Function | ast.Lambda) -> None:
        for argument in all_parameters(function.args):
            self.bindings[function, argument.arg].append(Binding(argument, None, "parameter"))

    def _bind_target(self, target: ast.expr, value: ast.expr | None, node: ast.AST) -> None:
        if isinstance(target, ast.Starred):
            self._bind_target(target.value, None, node)
        elif isinstance(target, ast.Tuple | ast.List):
            values: list[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                values = list(value.elts)
            for element, part in zip(target.elts, values, strict=True):
                self._bind_target(element, part, node)
        elif isinstance(target, ast.Name):
            self._add(node, target.id, Binding(node, value, "assigned" if value is not None else "other"))
        elif isinstance(target, ast.Attribute):
            self.attribute_values[target.attr].append(Binding(target, value))
            if isinstance(target.value, ast.Name) and value is not None:
                self.attributes_of.append((target.value, value))
        elif isinstance(target, ast.Subscript) and isinstance(node, ast.Assign):
            self.item_values[last_name(target.value)].append(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield parent, grandparent and so on up to the module."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    def scope_of(self, node: ast.AST) -> Scope:
        """Return the innermost module, class, function or lambda around a node."""
        child = node
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, SCOPES) and _is_inside(child, ancestor):
                return ancestor
            child = ancestor
        return self.module

    def scopes_of(self, node: ast.AST) -> Iterator[Scope]:
        """Yield the scopes in which a name at a node is looked up, inner first."""
        scope = self.scope_of(node)
        yield scope
        while not isinstance(scope, ast.Module):
            scope = self.scope_of(scope)
            if not isinstance(scope, ast.ClassDef):
                yield scope

    def home_of(self, name: ast.Name) -> Scope | None:
        """Return the scope whose variable a name is, None where no scope of this source binds it."""
        return next((scope for scope in self.scopes_of(name) if (scope, name.id) in self.bindings), None)

    def is_same(self, one: ast.expr, other: ast.expr) -> bool:
        """Tell whether two expressions name one object: the same variable, or attributes of one name."""
        if isinstance(one, ast.Name) and isinstance(other, ast.Name):
            return one.id == other.id and self.home_of(one) is self.home_of(other)
        return type(one) is type(other) and bool(last_name(one)) and last_name(one) == last_name(other)

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the innermost function around a node."""
        scope: Scope = self.scope_of(node)
        while isinstance(scope, ast.Lambda | ast.ClassDef):
            scope = self.scope_of(scope)
        return scope if isinstance(scope, FUNCTIONS) else None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class around a node."""
        return next((each for each in self.ancestors(node) if isinstance(each, ast.ClassDef)), None)

    def is_guarded(self, node: ast.AST) -> bool:
        """Tell whether a node runs only in the main process: under `if __name__ == "__main__":`."""
        if node in self.guarded_statements:
            return True
        child = node
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, ast.If) and _block_key(ancestor, child) in self.guarded:
                return True
            if ancestor in self.guarded_statements:
                return True
            child = ancestor
        return False

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        """Return the statement that a node is part of."""
        if isinstance(node, ast.stmt):
            return node
        return next((each for each in self.ancestors(node) if isinstance(each, ast.stmt)), None)


def all_parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return every parameter of a function, `*args` and `**kwargs` included."""
    extra = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _is_inside(child: ast.AST, scope: ast.AST) -> bool:
    """Decorators, defaults and bases are evaluated outside of the scope that they belong to."""
    if isinstance(scope, ast.Module):
        return True
    if isinstance(scope, ast.Lambda):
        return child is scope.body
    return child in getattr(scope, "body", ())


def _block_key(branch: ast.If, child: ast.AST) -> int:
    if child in branch.body:
        return id(branch.body)
    return id(branch.orelse)


def _main_test(test: ast.expr) -> bool | None:
    """Return True for `__name__ == "__main__"`, False for its opposite, None for another test."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _main_test(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return True if any(_main_test(value) for value in test.values) else None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    sides = {_spelled(side) for side in (test.left, *_only(test.comparators[0]))}
    if not any(pair <= sides for pair in MAIN_PROCESS) or len(sides) != 2:
        return None
    if isinstance(test.ops[0], ast.Eq | ast.In | ast.Is):
        return True
    return False if isinstance(test.ops[0], ast.NotEq | ast.NotIn | ast.IsNot) else None


def _spelled(node: ast.expr) -> str:
    """Return a literal, a name or a call without arguments as code, "" for all else."""
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
        return f"{_spelled(node.value)}.{node.attr}"
    if isinstance(node, ast.Call) and not node.args:
        return f"{dotted(node.func)}()"
    return dotted(node) or ""


def _only(side: ast.expr) -> list[ast.expr]:
    """Return what stands in a tuple, list or set, and a side that is none as it is."""
    return side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]


def _guarded_blocks(branch: ast.If) -> Iterator[list[ast.stmt]]:
    is_main = _main_test(branch.test)
    if is_main is True:
        yield branch.body
    elif is_main is False:
        yield branch.orelse


def _after_reversed_guards(module: ast.Module) -> Iterator[ast.stmt]:
    """Yield what follows `if __name__ != "__main__": raise …` (or exit) in the module."""
    for position, statement in enumerate(module.body):
        if not isinstance(statement, ast.If) or _main_test(statement.test) is not False:
            continue
        last = statement.body[-1]
        is_exit = isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
        if isinstance(last, ast.Raise) or is_exit:
            yield from module.body[position + 1 :]

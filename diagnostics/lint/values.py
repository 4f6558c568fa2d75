"""Values: what an expression may be, followed through variables, parameters, dictionaries and argparse.

Nothing is guessed: what cannot be read off the source is unknown.
"""

import ast

from diagnostics.lint.attributes import Attributes
from diagnostics.lint.command_line import keyword_of, options_of
from diagnostics.lint.dictionaries import Dictionaries
from diagnostics.lint.folding import CONVERTING, computed, converted
from diagnostics.lint.mappings import Mapping
from diagnostics.lint.names import last_name
from diagnostics.lint.parameters import Parameters
from diagnostics.lint.possible import UNKNOWN, Possible
from diagnostics.lint.reaching import is_about_platform, is_under_platform_test, reaching
from diagnostics.lint.returned import Returned
from diagnostics.lint.tree import FUNCTIONS, Binding, Function, Scope, Tree

DEEPEST = 12  # variables that stand for variables: more is no code that a person wrote
MOST_BINDINGS = 40  # places that give one name a value: what holds where is then anybody's guess
FIELDS = {"field", "Field", "ib", "attrib"}  # of dataclasses, pydantic and attrs
ENVIRONMENT = {"os.environ.get", "os.getenv"}
MOST = 24  # alternatives of one expression
MOST_STEPS = 3000  # expressions looked at for one answer: a knot of variables ends as unknown, not as a hang


class Values:
    """Follows expressions of one tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.functions: dict[str, list[Function]] = {}
        for function in tree.functions:
            self.functions.setdefault(function.name, []).append(function)
        self.classes = {each.name: each for each in tree.classes}
        self.calls_by_name: dict[str, list[ast.Call]] = {}
        for call in tree.calls:
            self.calls_by_name.setdefault(last_name(call.func), []).append(call)
        self.command_line = dict(options_of(self.calls_by_name.get("add_argument", ())))
        for call in self.calls_by_name.get("set_defaults", ()):
            self.command_line |= {word.arg: word.value for word in call.keywords if word.arg is not None}
        self.parameters, self.attributes = Parameters(self), Attributes(self)
        self.dictionaries, self.returned = Dictionaries(self), Returned(self)
        self._open: set[int] = set()
        self._known: dict[int, list[Possible]] = {}
        self._steps = 0

    def possible(self, expression: ast.expr | None) -> list[Possible]:
        """Return what an expression may be: never empty, at most `MOST`."""
        if expression is None:
            return [UNKNOWN]
        key = id(expression)
        if key in self._known:
            return self._known[key]
        self._steps = self._steps + 1 if self._open else 0
        if key in self._open or len(self._open) > DEEPEST or self._steps > MOST_STEPS:
            return [UNKNOWN]
        self._open.add(key)
        try:
            found = list(dict.fromkeys(self._possible(expression))) or [UNKNOWN]
        finally:
            self._open.discard(key)
        if len(found) > MOST:
            found = [*found[:MOST], UNKNOWN]
        if not self._open:
            self._known[key] = found
        return found

    def _possible(self, node: ast.expr) -> list[Possible]:
        if isinstance(node, ast.IfExp):
            if is_about_platform(node.test):
                return [UNKNOWN]
            return self.possible(node.body) + self.possible(node.orelse)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            first = [each for value in node.values[:-1] for each in self.possible(value)]
            truthy = [each for each in first if not (each.is_constant and not each.constant)]
            return truthy + self.possible(node.values[-1])
        if isinstance(node, ast.Name):
            return self._of_name(node)
        if isinstance(node, ast.Attribute):
            return self.attributes.possible(node)
        return self._of_compound(node)

    def _of_compound(self, node: ast.expr) -> list[Possible]:
        if isinstance(node, ast.NamedExpr):
            return self.possible(node.value)
        if isinstance(node, ast.Subscript):
            found = self.dictionaries.item(node.value, node.slice, None)
            return [each for each in found if each.node is not None] or [Possible(node)]
        if isinstance(node, ast.Call):
            return self._of_call(node)
        return [Possible(computed(node))]

    def _of_name(self, node: ast.Name) -> list[Possible]:
        for scope in self.tree.scopes_of(node):
            bindings = self.tree.bindings.get((scope, node.id))
            if bindings:
                return self._of_bindings(node, scope, bindings)
        return [UNKNOWN]

    def _of_bindings(self, node: ast.Name, scope: Scope, bindings: list[Binding]) -> list[Possible]:
        if len(bindings) > MOST_BINDINGS:
            return [UNKNOWN]
        found: list[Possible] = []
        for binding in reaching(self.tree, node, scope, bindings):
            if binding.kind == "parameter" and isinstance(scope, FUNCTIONS):
                found += self.parameters.possible(scope, node.id)
            elif binding.kind in {"function", "class"}:
                found.append(Possible(node))
            elif binding.value is None or is_under_platform_test(self.tree, binding.node):
                found.append(UNKNOWN)
            else:
                found += self.possible(binding.value)
        return found

    def _of_call(self, call: ast.Call) -> list[Possible]:
        name = last_name(call.func)
        if name in CONVERTING and isinstance(call.func, ast.Name) and len(call.args) == 1:
            inner = self.possible(call.args[0])
            is_known = all(each.is_constant for each in inner)
            return [converted(each, name) for each in inner] if is_known else [Possible(call)]
        if name in FIELDS:
            return self._of_field(call)
        if self.tree.imports.qualified(call.func) in ENVIRONMENT and len(call.args) == 2:
            return [Possible(each.node, True) for each in self.possible(call.args[1])]
        if name == "get" and isinstance(call.func, ast.Attribute) and call.args:
            default = call.args[1] if len(call.args) > 1 else ast.Constant(None)
            found = self.dictionaries.item(call.func.value, call.args[0], default)
            return found if any(each.node is not None for each in found) else [Possible(call)]
        if (
            name == "getattr"
            and len(call.args) == 3
            and isinstance(call.args[1], ast.Constant)
            and call.args[1].value in self.command_line
        ):
            return [Possible(each.node, True) for each in self.possible(call.args[2])] + [UNKNOWN]
        return self.returned.possible(call) or [Possible(call)]

    def _of_field(self, call: ast.Call) -> list[Possible]:
        """Return the default in `field(default=2)`, `Field(2)` or `field(default_factory=Loader)`."""
        default = keyword_of(call, "default") or (call.args[0] if call.args else None)
        factory = keyword_of(call, "default_factory") or keyword_of(call, "factory")
        if default is None and isinstance(factory, ast.Lambda):
            default = factory.body
        elif default is None and factory is not None:
            default = ast.copy_location(ast.Call(factory, [], []), call)
        return [Possible(call)] if default is None else self.possible(default)

    def mappings(self, expression: ast.expr) -> list[Mapping]:
        """Return the dictionaries that an expression may be, as of where it stands."""
        return self.dictionaries.mappings(expression)

    def family(self, owner: ast.ClassDef) -> list[ast.ClassDef]:
        """Return a class and its bases in this source, nearest first."""
        return self.attributes.family(owner)

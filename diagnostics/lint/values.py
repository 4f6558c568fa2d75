"""Values: what an expression may be, followed through variables, parameters, dictionaries and argparse.

Nothing is guessed: what cannot be read off the source is unknown.
"""

import ast
import operator
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.tree import BLOCKS, FUNCTIONS, Binding, Function, Scope, Tree, all_parameters

DEEPEST = 12  # variables that stand for variables: more is no code that a person wrote
MOST_BINDINGS = 40  # places that give one name a value: what holds where is then anybody's guess
NAMESPACES = {"SimpleNamespace", "Namespace", "EasyDict", "edict", "AttrDict", "DotMap", "Munch", "Box"}
MOST = 24  # alternatives of one expression
MOST_STEPS = 3000  # expressions looked at for one answer: a knot of variables ends as unknown, not as a hang
LARGEST_FACTOR, LARGEST_POWER = 10**12, 20  # of numbers that are worked out
ARGUMENT_OBJECTS = {
    "args", "arg", "opt", "opts", "options", "config", "cfg", "conf", "hparams", "hps", "flags", "params",
    "parsed", "arguments", "namespace", "ns", "a", "p", "FLAGS",
}  # fmt: skip
PLATFORM_WORDS = (
    "platform",
    "os.name",
    "win32",
    "windows",
    "nt",
    "darwin",
    "__name__",
    "IS_WINDOWS",
    "WINDOWS",
)


@dataclass(frozen=True)
class Possible:
    """One thing that an expression may be.

    Attributes
    ----------
    node : ast.expr or None
        A literal, a call, a lambda, a name of a function or class; None where it is unknown.
    is_default : bool
        It holds unless the caller or the command line says otherwise.
    """

    node: ast.expr | None
    is_default: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the value itself is known."""
        return isinstance(self.node, ast.Constant)

    @property
    def constant(self) -> object:
        """The value of a literal; of anything else, the node."""
        return self.node.value if isinstance(self.node, ast.Constant) else self.node

    def is_(self, value: object) -> bool:
        """Tell whether it is this very literal (True is not 1 here)."""
        return (
            isinstance(self.node, ast.Constant)
            and type(self.node.value) is type(value)
            and self.node.value == value
        )


UNKNOWN = Possible(None)


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
        self.command_line = dict(self._command_line())
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
            if self.is_about_platform(node.test):
                return [UNKNOWN]
            return self.possible(node.body) + self.possible(node.orelse)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return [each for value in node.values for each in self.possible(value)]
        if isinstance(node, ast.Name):
            return self._of_name(node)
        if isinstance(node, ast.Attribute):
            return self._of_attribute(node)
        return self._of_compound(node)

    def _of_compound(self, node: ast.expr) -> list[Possible]:
        if isinstance(node, ast.NamedExpr):
            return self.possible(node.value)
        if isinstance(node, ast.Subscript):
            found = self._of_item(node.value, node.slice, None)
            return [each for each in found if each.node is not None] or [Possible(node)]
        if isinstance(node, ast.Call):
            return self._of_call(node)
        return [Possible(_computed(node))]

    @staticmethod
    def is_about_platform(test: ast.expr) -> bool:
        """Tell whether a condition asks for the operating system: its author has thought of workers there."""
        for node in ast.walk(test):
            name = dotted(node) or (node.value if isinstance(node, ast.Constant) else "")
            if isinstance(name, str) and name.lower() in PLATFORM_WORDS:
                return True
            if isinstance(name, str) and any(word in name for word in ("platform", "os.name", "WINDOWS")):
                return True
        return False

    # Names

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
        for binding in self.reaching(node, scope, bindings):
            if binding.kind == "parameter" and isinstance(scope, FUNCTIONS):
                found += self._of_parameter(scope, node.id)
            elif binding.kind in {"function", "class"}:
                found.append(Possible(node))
            elif binding.value is None or self._is_under_platform_test(binding.node):
                found.append(UNKNOWN)
            else:
                found += self.possible(binding.value)
        return found

    def _is_under_platform_test(self, node: ast.AST) -> bool:
        return any(
            isinstance(each, ast.If) and self.is_about_platform(each.test)
            for each in self.tree.ancestors(node)
        ) and not self.tree.is_guarded(node)

    def reaching(self, node: ast.AST, scope: Scope, bindings: list[Binding]) -> list[Binding]:
        """Return the bindings that may hold at a node: from the last one that surely ran before it."""
        if self.tree.scope_of(node) is not scope or len(bindings) == 1:
            return bindings
        above = {id(each) for each in (node, *self.tree.ancestors(node))}
        line = getattr(node, "lineno", 0)
        in_loop = any(isinstance(each, ast.For | ast.While) for each in self.tree.ancestors(node))
        before = [
            each for each in bindings if getattr(each.node, "lineno", 0) < line or self._is_parameter(each)
        ]
        if in_loop or not before:
            return bindings
        start = 0
        for position, binding in enumerate(before):
            statement = self.tree.statement_of(binding.node)
            block = self.tree.parents.get(statement) if statement is not None else None
            if block is not None and id(block) in above and self._same_branch(block, statement, node):
                start = position
        return before[start:]

    @staticmethod
    def _is_parameter(binding: Binding) -> bool:
        return binding.kind == "parameter"

    def _same_branch(self, block: ast.AST, statement: ast.stmt | None, node: ast.AST) -> bool:
        chain = {id(each) for each in (node, *self.tree.ancestors(node))}
        for part in BLOCKS:
            statements = getattr(block, part, None)
            if isinstance(statements, list) and statement in statements:
                return any(id(each) in chain for each in statements)
        return False

    # Parameters

    def _of_parameter(self, function: Function, name: str) -> list[Possible]:
        option = self._decorated_default(function, name)
        if option is not None:
            return option
        default = self.default_of(function, name)
        calls = self.calls_to(function)
        if len(calls) > MOST_BINDINGS:
            return [UNKNOWN]
        if not calls:
            return [UNKNOWN] if default is None else self._as_defaults(default)
        found: list[Possible] = []
        for call in calls:
            argument, is_known = self.argument(call, function, name)
            if argument is not None:
                found += self.possible(argument)
            elif is_known and default is not None:
                found += self.possible(default)
            else:
                found.append(UNKNOWN)
        return found

    def _as_defaults(self, default: ast.expr) -> list[Possible]:
        if (
            isinstance(default, ast.Call)
            and last_name(default.func) in {"Option", "Argument"}
            and default.args
        ):
            default = default.args[0]  # typer
        return [Possible(each.node, True) for each in self.possible(default)]

    def _decorated_default(self, function: Function, name: str) -> list[Possible] | None:
        """Return the default of a click option."""
        for decorator in function.decorator_list:
            if not isinstance(decorator, ast.Call) or last_name(decorator.func) != "option":
                continue
            texts = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
            if name in {str(text).lstrip("-").replace("-", "_") for text in texts}:
                default = keyword_of(decorator, "default")
                return [UNKNOWN] if default is None else self._as_defaults(default)
        return None

    @staticmethod
    def default_of(function: Function, name: str) -> ast.expr | None:
        """Return the default of a parameter."""
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        with_default = positional[len(positional) - len(arguments.defaults) :]
        for argument, default in zip(with_default, arguments.defaults, strict=True):
            if argument.arg == name:
                return default
        for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if argument.arg == name:
                return keyword_default
        return None

    def calls_to(self, function: Function) -> list[ast.Call]:
        """Return the calls of a function in this source; for `__init__`, those that make its class."""
        owner = self.tree.parents.get(function)
        if isinstance(owner, ast.ClassDef):
            if function.name == "__init__":
                return [c for c in self.calls_by_name.get(owner.name, ()) if isinstance(c.func, ast.Name)]
            if len(self.functions[function.name]) > 1:
                return []
            return [c for c in self.calls_by_name.get(function.name, ()) if isinstance(c.func, ast.Attribute)]
        return [c for c in self.calls_by_name.get(function.name, ()) if isinstance(c.func, ast.Name)]

    def argument(self, call: ast.Call, function: Function, name: str) -> tuple[ast.expr | None, bool]:
        """Return what a call passes for a parameter, and whether the call can be read in full."""
        given = keyword_of(call, name)
        if given is not None:
            return given, True
        is_open = any(word.arg is None for word in call.keywords) or any(
            isinstance(each, ast.Starred) for each in call.args
        )
        if is_open:
            return None, False
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        if isinstance(self.tree.parents.get(function), ast.ClassDef):
            names = names[1:]
        if name in names and names.index(name) < len(call.args):
            return call.args[names.index(name)], True
        return None, True

    # Attributes

    def _of_attribute(self, node: ast.Attribute) -> list[Possible]:
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in {"self", "cls"}:
            return self._of_self(node)
        stores = [
            binding
            for binding in self.tree.attribute_values.get(node.attr, ())
            if isinstance(binding.node, ast.Attribute) and last_name(binding.node.value) == last_name(owner)
        ]
        found = [each for binding in stores for each in self.possible(binding.value)]
        if isinstance(owner, ast.Attribute) and owner.attr == "hparams":  # Lightning's save_hyperparameters
            return self._of_constructor(node)
        of_class = self._of_instance(owner, node.attr)
        if of_class:
            return found + of_class
        if node.attr in self.command_line and self._holds_arguments(owner):
            return found + [Possible(each.node, True) for each in self.possible(self.command_line[node.attr])]
        if self.tree.imports.qualified(node):
            return [Possible(node)]
        return [*found, UNKNOWN]

    def _of_self(self, node: ast.Attribute) -> list[Possible]:
        owner = self.tree.class_of(node)
        if owner is None:
            return [UNKNOWN]
        found: list[Possible] = []
        for each in self.family(owner):
            for binding in self.attributes_of(each, node.attr):
                if self._is_under_platform_test(binding.node):
                    found.append(UNKNOWN)
                else:
                    found += self.possible(binding.value)
            if any(isinstance(f, FUNCTIONS) and f.name == node.attr for f in each.body):
                found.append(Possible(node))
        return found or [UNKNOWN]

    def _of_constructor(self, node: ast.Attribute) -> list[Possible]:
        owner = self.tree.class_of(node)
        for each in owner.body if owner is not None else ():
            if (
                isinstance(each, FUNCTIONS)
                and each.name == "__init__"
                and any(argument.arg == node.attr for argument in all_parameters(each.args))
            ):
                return self._of_parameter(each, node.attr)
        return [UNKNOWN]

    def attributes_of(self, owner: ast.ClassDef, name: str) -> list[Binding]:
        """Return what a class gives an attribute: in its body and through `self` in its methods."""
        through_self = [
            binding
            for binding in self.tree.attribute_values.get(name, ())
            if isinstance(binding.node, ast.Attribute)
            and isinstance(binding.node.value, ast.Name)
            and binding.node.value.id in {"self", "cls"}
            and self.tree.class_of(binding.node) is owner
        ][:MOST_BINDINGS]
        in_body = [b for b in self.tree.bindings.get((owner, name), ()) if b.kind == "assigned"]
        return in_body + through_self

    def family(self, owner: ast.ClassDef) -> list[ast.ClassDef]:
        """Return a class and its bases in this source, nearest first."""
        found = [owner]
        for each in found:
            for base in each.bases:
                known = self.classes.get(last_name(base)) if isinstance(base, ast.Name) else None
                if known is not None and known not in found:
                    found.append(known)
        return found

    def _of_instance(self, owner: ast.expr, name: str) -> list[Possible]:
        candidates = [owner, *(each.node for each in self.possible(owner) if each.node is not None)]
        for each in candidates:
            target = each.func if isinstance(each, ast.Call) else each
            known = self.classes.get(target.id) if isinstance(target, ast.Name) else None
            if isinstance(each, ast.Call) and last_name(each.func) in NAMESPACES:
                return self._of_item(each, ast.Constant(name), None)
            if known is not None:
                bindings = self.attributes_of(known, name)
                return [
                    Possible(value.node, isinstance(binding.node, ast.AnnAssign))
                    for binding in bindings
                    for value in self.possible(binding.value)
                ]
        return []

    def _holds_arguments(self, owner: ast.expr) -> bool:
        if last_name(owner) in ARGUMENT_OBJECTS:
            return True
        nodes = [each.node for each in self.possible(owner)]
        return any(isinstance(n, ast.Call) and last_name(n.func).startswith("parse_") for n in nodes)

    def _command_line(self) -> Iterator[tuple[str, ast.expr | None]]:
        """Yield destination and default of every argparse option."""
        for call in self.calls_by_name.get("add_argument", ()):
            texts = [str(each.value) for each in call.args if isinstance(each, ast.Constant)]
            named = keyword_of(call, "dest")
            if isinstance(named, ast.Constant):
                texts = [str(named.value)]
            long = [text for text in texts if text.startswith("--")] or texts
            if long:
                yield long[0].lstrip("-").replace("-", "_"), _argparse_default(call)

    # Items and calls

    def _of_item(self, owner: ast.expr, key: ast.expr, default: ast.expr | None) -> list[Possible]:
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return []
        found: list[Possible] = []
        for variant in self.mappings(owner):
            if key.value in variant.items:
                found += self.possible(variant.items[key.value])
            elif not variant.is_complete:
                found.append(UNKNOWN)
            elif default is not None:
                found += self.possible(default)
        return found

    def _of_call(self, call: ast.Call) -> list[Possible]:
        name = last_name(call.func)
        if (
            name in {"int", "bool", "float", "str"}
            and isinstance(call.func, ast.Name)
            and len(call.args) == 1
        ):
            inner = self.possible(call.args[0])
            return inner if all(each.is_constant for each in inner) else [Possible(call)]
        if name == "get" and isinstance(call.func, ast.Attribute) and call.args:
            default = call.args[1] if len(call.args) > 1 else ast.Constant(None)
            found = self._of_item(call.func.value, call.args[0], default)
            return found if any(each.node is not None for each in found) else [Possible(call)]
        if (
            name == "getattr"
            and len(call.args) == 3
            and isinstance(call.args[1], ast.Constant)
            and call.args[1].value in self.command_line
        ):
            return [Possible(each.node, True) for each in self.possible(call.args[2])] + [UNKNOWN]
        return [Possible(call)]

    def mappings(self, expression: ast.expr) -> "list[Mapping]":
        """Return the dictionaries that an expression may be, as of where it stands."""
        found: list[Mapping] = []
        for each in self.possible(expression):
            found += self._mapping(each.node)
        if isinstance(expression, ast.Name | ast.Attribute):
            found = _changed(found, self._changes(expression))
        return found[:MOST]

    def _mapping(self, node: ast.expr | None) -> "list[Mapping]":
        is_copy = isinstance(node, ast.Call) and last_name(node.func) in {"copy", "deepcopy"}
        if is_copy and isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
            return self.mappings(owner or node.args[0]) if owner or node.args else [Mapping({}, False)]
        if isinstance(node, ast.Dict):
            parts = list(zip(node.keys, node.values, strict=True))
        elif isinstance(node, ast.Call) and last_name(node.func) in {"dict", *NAMESPACES}:
            parts = [(None if w.arg is None else ast.Constant(w.arg), w.value) for w in node.keywords]
            parts = [(None, each) for each in node.args] + parts
        else:
            return [Mapping({}, False)]
        found = [Mapping({}, True)]
        for key, value in parts:
            if key is None:
                inner = self.mappings(value)
                found = [one.with_items(other) for one in found for other in inner][:MOST]
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                found = [one.with_items(Mapping({key.value: value}, True)) for one in found]
            else:
                found = [Mapping(one.items, False) for one in found]
        return found

    def _changes(self, name: ast.expr) -> "list[Change]":
        """Return what is put into a dictionary under its name before it is used, in order."""
        wanted, line, scope = last_name(name), name.lineno, self.tree.scope_of(name)
        above = {id(each) for each in self.tree.ancestors(name)}
        found: list[tuple[int, Change]] = []
        if len(self.tree.item_values.get(wanted, ())) > MOST_BINDINGS:
            return [Change([Mapping({}, False)], None)]
        for statement in self.tree.item_values.get(wanted, ()):
            target = statement.targets[0]
            if not isinstance(target, ast.Subscript) or not self._is_before(statement, line, scope):
                continue
            key = target.slice.value if isinstance(target.slice, ast.Constant) else None
            mapping = Mapping({key: statement.value}, True) if isinstance(key, str) else Mapping({}, False)
            found.append((statement.lineno, Change([mapping], self._block_of(statement, above))))
        for call in self.calls_by_name.get("update", ()):
            is_ours = isinstance(call.func, ast.Attribute) and last_name(call.func.value) == wanted
            statement_ = self.tree.statement_of(call)
            if not is_ours or statement_ is None or not self._is_before(statement_, line, scope):
                continue
            as_dict = ast.Call(ast.Name("dict", ast.Load()), call.args, call.keywords)
            found.append((call.lineno, Change(self._mapping(as_dict), self._block_of(statement_, above))))
        found += self._removals(wanted, name, above)
        return [change for _, change in sorted(found, key=lambda pair: pair[0])][:MOST]

    def _removals(self, wanted: str, name: ast.expr, above: set[int]) -> "Iterator[tuple[int, Change]]":
        """Yield `del d["key"]` and `d.pop("key")`."""
        scope = self.tree.scope_of(name)
        pops = (c for c in self.calls_by_name.get("pop", ()) if isinstance(c.func, ast.Attribute) and c.args)
        removed: list[tuple[ast.expr, ast.expr, ast.expr]] = [
            (call, call.func.value, call.args[0]) for call in pops if isinstance(call.func, ast.Attribute)
        ]
        removed += [(node, node.value, node.slice) for node in self.tree.deleted]
        for node, owner, key in removed:
            statement = self.tree.statement_of(node)
            is_ours = last_name(owner) == wanted and isinstance(key, ast.Constant)
            if is_ours and statement is not None and self._is_before(statement, name.lineno, scope):
                text = str(key.value) if isinstance(key, ast.Constant) else ""
                yield statement.lineno, Change([], self._block_of(statement, above, text), text)

    def _block_of(self, statement: ast.stmt, above: set[int], key: str = "") -> int | None:
        """Return the block that a change belongs to; None where it is as good as sure.

        Taking a key out under `if "key" in d:` is.
        """
        parent = self.tree.parents.get(statement)
        is_asked_for = isinstance(parent, ast.If) and any(
            isinstance(node, ast.Constant) and node.value == key and key for node in ast.walk(parent.test)
        )
        return None if id(parent) in above or is_asked_for else id(parent)

    def _is_before(self, statement: ast.stmt, line: int, scope: Scope) -> bool:
        return statement.lineno < line or self.tree.scope_of(statement) is not scope


@dataclass(frozen=True)
class Mapping:
    """A dictionary by its literal keys; not complete where others may be in it."""

    items: dict[str, ast.expr]
    is_complete: bool

    def with_items(self, other: "Mapping") -> "Mapping":
        """Return both in one, the other's values first."""
        return Mapping({**self.items, **other.items}, self.is_complete and other.is_complete)

    def without(self, key: str) -> "Mapping":
        """Return it without a key."""
        return Mapping({k: v for k, v in self.items.items() if k != key}, self.is_complete)


@dataclass(frozen=True)
class Change:
    """What is put into a dictionary later, or taken out of it."""

    mappings: list[Mapping]
    block: int | None  # None where it surely happens, else what it happens together with
    removed: str | None = None


def _changed(variants: list[Mapping], changes: list[Change]) -> list[Mapping]:
    """Apply what surely happens; of what may, the changes of one block at a time, which happen together."""
    sure = _applied(variants, [change for change in changes if change.block is None])
    found = list(sure)
    for block in dict.fromkeys(change.block for change in changes if change.block is not None):
        found += _applied(variants, [change for change in changes if change.block in {None, block}])
    return found[:MOST]


def _applied(variants: list[Mapping], changes: list[Change]) -> list[Mapping]:
    for change in changes:
        if change.removed is not None:
            variants = [one.without(change.removed) for one in variants]
        else:
            variants = [one.with_items(other) for one in variants for other in change.mappings][:MOST]
    return variants


def _computed(node: ast.expr) -> ast.expr:
    """Return `10 ** 6` as a literal, anything else as it is."""
    operations = {ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub, ast.Pow: operator.pow}
    if not isinstance(node, ast.BinOp) or type(node.op) not in operations:
        return node
    sides = [_computed(side) for side in (node.left, node.right)]
    numbers = [side.value for side in sides if isinstance(side, ast.Constant) and type(side.value) is int]
    if len(numbers) < 2 or any(abs(number) > LARGEST_FACTOR for number in numbers):
        return node
    if isinstance(node.op, ast.Pow) and not 0 <= numbers[1] <= LARGEST_POWER:
        return node
    return ast.Constant(operations[type(node.op)](*numbers))


def _argparse_default(call: ast.Call) -> ast.expr | None:
    default = keyword_of(call, "default")
    if default is not None:
        return default
    action = keyword_of(call, "action")
    is_positional = not (
        call.args and isinstance(call.args[0], ast.Constant) and str(call.args[0].value).startswith("-")
    )
    if isinstance(action, ast.Constant) and action.value in {"store_true", "store_false"}:
        return ast.Constant(action.value == "store_false")
    return None if is_positional or action is not None else ast.Constant(None)


def keyword_of(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword argument."""
    return next((word.value for word in call.keywords if word.arg == name), None)

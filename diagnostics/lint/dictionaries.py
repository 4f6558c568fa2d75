"""Dictionaries: literals, copies, updates and removals, as of where they are used."""

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics.lint.mappings import MOST, Change, Mapping, changed
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.possible import UNKNOWN, Possible
from diagnostics.lint.tree import Scope

if TYPE_CHECKING:
    from diagnostics.lint.values import Values

NAMESPACES = {"SimpleNamespace", "Namespace", "EasyDict", "edict", "AttrDict", "DotMap", "Munch", "Box"}
UNFOLDING = {"asdict", "vars", "_asdict", "model_dump", "to_dict"}  # an object's fields as a dictionary
MOST_CHANGES = 40  # of one name: what is in it is then anybody's guess


def is_namespace(call: ast.Call) -> bool:
    """Tell whether a call makes an object whose attributes are what it is given."""
    return last_name(call.func) in NAMESPACES or dotted(call.func) == "OmegaConf.create"


class Dictionaries:
    """Follows dictionaries of one tree."""

    def __init__(self, values: "Values") -> None:
        self.values, self.tree = values, values.tree

    def item(self, owner: ast.expr, key: ast.expr, default: ast.expr | None) -> list[Possible]:
        """Return what a dictionary may hold under a key, [] where the key is not written out."""
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return []
        found: list[Possible] = []
        for variant in self.mappings(owner):
            if key.value in variant.items:
                found += self.values.possible(variant.items[key.value])
            elif not variant.is_complete:
                found.append(UNKNOWN)
            elif default is not None:
                found += self.values.possible(default)
        return found

    def mappings(self, expression: ast.expr) -> list[Mapping]:
        """Return the dictionaries that an expression may be, as of where it stands."""
        found: list[Mapping] = []
        for each in self.values.possible(expression):
            found += self._mapping(each.node)
        if isinstance(expression, ast.Name | ast.Attribute):
            found = changed(found, self._changes(expression))
        return found[:MOST]

    def _mapping(self, node: ast.expr | None) -> list[Mapping]:
        is_copy = isinstance(node, ast.Call) and last_name(node.func) in {"copy", "deepcopy"}
        if is_copy and isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
            return self.mappings(owner or node.args[0]) if owner or node.args else [Mapping({}, False)]
        if isinstance(node, ast.Call) and last_name(node.func) in UNFOLDING:
            is_method = isinstance(node.func, ast.Attribute) and not node.args
            instance = node.func.value if isinstance(node.func, ast.Attribute) and is_method else None
            return [self._fields(instance or node.args[0])] if instance or node.args else [Mapping({}, False)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            right = self.mappings(node.right)
            return [one.with_items(other) for one in self.mappings(node.left) for other in right][:MOST]
        if isinstance(node, ast.Dict):
            parts = list(zip(node.keys, node.values, strict=True))
        elif isinstance(node, ast.Call) and (last_name(node.func) == "dict" or is_namespace(node)):
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

    def _fields(self, instance: ast.expr) -> Mapping:
        """Return the fields of a dataclass' object, or the options of a command line, as a dictionary."""
        owner = self.values.attributes.class_of(instance)
        names = self.values.command_line if owner is None else self.values.attributes.fields_of(owner)
        if owner is None and not self.values.attributes.holds_arguments(instance):
            return Mapping({}, False)
        items = {name: ast.Attribute(instance, name, ast.Load()) for name in names}
        return Mapping(dict[str, ast.expr](items), owner is not None)

    def _changes(self, name: ast.expr) -> list[Change]:
        """Return what is put into a dictionary under its name before it is used, in order."""
        wanted, line, scope = last_name(name), name.lineno, self.tree.scope_of(name)
        above = {id(each) for each in self.tree.ancestors(name)}
        found: list[tuple[int, Change]] = []
        if len(self.tree.item_values.get(wanted, ())) > MOST_CHANGES:
            return [Change([Mapping({}, False)], None)]
        for statement in self.tree.item_values.get(wanted, ()):
            target = statement.targets[0]
            is_ours = isinstance(target, ast.Subscript) and self.tree.is_same(target.value, name)
            if not is_ours or not self._is_before(statement, line, scope):
                continue
            assert isinstance(target, ast.Subscript)
            key = target.slice.value if isinstance(target.slice, ast.Constant) else None
            mapping = Mapping({key: statement.value}, True) if isinstance(key, str) else Mapping({}, False)
            found.append((statement.lineno, Change([mapping], self._block_of(statement, above))))
        found += self._additions(name, above)
        found += self._removals(name, above)
        return [change for _, change in sorted(found, key=lambda pair: pair[0])][:MOST]

    def _additions(self, name: ast.expr, above: set[int]) -> Iterator[tuple[int, Change]]:
        """Yield `d.update(key=1)` and `d.setdefault("key", 1)`."""
        scope = self.tree.scope_of(name)
        by_name = self.values.calls_by_name
        for call in (*by_name.get("update", ()), *by_name.get("setdefault", ())):
            is_ours = isinstance(call.func, ast.Attribute) and self.tree.is_same(call.func.value, name)
            statement = self.tree.statement_of(call)
            if not is_ours or statement is None or not self._is_before(statement, name.lineno, scope):
                continue
            is_default = last_name(call.func) == "setdefault" and len(call.args) == 2
            added = ast.Dict([call.args[0]], [call.args[1]]) if is_default else None
            as_dict = added or ast.Call(ast.Name("dict", ast.Load()), call.args, call.keywords)
            block = self._block_of(statement, above)
            yield call.lineno, Change(self._mapping(as_dict), block, is_default=is_default)

    def _removals(self, name: ast.expr, above: set[int]) -> Iterator[tuple[int, Change]]:
        """Yield `del d["key"]` and `d.pop("key")`."""
        scope = self.tree.scope_of(name)
        removed: list[tuple[ast.expr, ast.expr, ast.expr]] = [
            (call, call.func.value, call.args[0])
            for call in self.values.calls_by_name.get("pop", ())
            if isinstance(call.func, ast.Attribute) and call.args
        ]
        removed += [(node, node.value, node.slice) for node in self.tree.deleted]
        for node, owner, key in removed:
            statement = self.tree.statement_of(node)
            is_ours = self.tree.is_same(owner, name) and isinstance(key, ast.Constant)
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

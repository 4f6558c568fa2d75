"""Attributes: of self, of a configuration's class, of parsed arguments."""

import ast
from typing import TYPE_CHECKING

from diagnostics.lint.command_line import ARGUMENT_OBJECTS
from diagnostics.lint.dictionaries import NAMESPACES
from diagnostics.lint.names import last_name
from diagnostics.lint.possible import UNKNOWN, Possible
from diagnostics.lint.reaching import is_under_platform_test
from diagnostics.lint.tree import FUNCTIONS, Binding, all_parameters

if TYPE_CHECKING:
    from diagnostics.lint.values import Values

MOST_ASSIGNMENTS = 40  # to one attribute


class Attributes:
    """Follows attributes of one tree."""

    def __init__(self, values: "Values") -> None:
        self.values, self.tree = values, values.tree

    def possible(self, node: ast.Attribute) -> list[Possible]:
        """Return what an attribute may be."""
        owner = node.value
        if isinstance(owner, ast.Name) and owner.id in {"self", "cls"}:
            return self._of_self(node)
        stores = [
            binding
            for binding in self.tree.attribute_values.get(node.attr, ())
            if isinstance(binding.node, ast.Attribute) and last_name(binding.node.value) == last_name(owner)
        ]
        found = [each for binding in stores for each in self.values.possible(binding.value)]
        if isinstance(owner, ast.Attribute) and owner.attr == "hparams":  # Lightning's save_hyperparameters
            return self._of_constructor(node)
        of_class = self._of_instance(owner, node.attr)
        if of_class:
            return found + of_class
        if node.attr in self.values.command_line and self._holds_arguments(owner):
            return found + [
                Possible(each.node, True)
                for each in self.values.possible(self.values.command_line[node.attr])
            ]
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
                if is_under_platform_test(self.tree, binding.node):
                    found.append(UNKNOWN)
                else:
                    found += self.values.possible(binding.value)
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
                return self.values.parameters.possible(each, node.attr)
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
        ][:MOST_ASSIGNMENTS]
        in_body = [b for b in self.tree.bindings.get((owner, name), ()) if b.kind == "assigned"]
        return in_body + through_self

    def family(self, owner: ast.ClassDef) -> list[ast.ClassDef]:
        """Return a class and its bases in this source, nearest first."""
        found = [owner]
        for each in found:
            for base in each.bases:
                known = self.values.classes.get(last_name(base)) if isinstance(base, ast.Name) else None
                if known is not None and known not in found:
                    found.append(known)
        return found

    def _of_instance(self, owner: ast.expr, name: str) -> list[Possible]:
        candidates = [owner, *(each.node for each in self.values.possible(owner) if each.node is not None)]
        for each in candidates:
            target = each.func if isinstance(each, ast.Call) else each
            known = self.values.classes.get(target.id) if isinstance(target, ast.Name) else None
            if isinstance(each, ast.Call) and last_name(each.func) in NAMESPACES:
                return self.values.dictionaries.item(each, ast.Constant(name), None)
            if known is not None:
                bindings = self.attributes_of(known, name)
                return [
                    Possible(value.node, isinstance(binding.node, ast.AnnAssign))
                    for binding in bindings
                    for value in self.values.possible(binding.value)
                ]
        return []

    def _holds_arguments(self, owner: ast.expr) -> bool:
        if last_name(owner) in ARGUMENT_OBJECTS:
            return True
        nodes = [each.node for each in self.values.possible(owner)]
        return any(isinstance(n, ast.Call) and last_name(n.func).startswith("parse_") for n in nodes)

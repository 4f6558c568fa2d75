"""Attributes: of self, of a configuration's class, of parsed arguments."""

import ast
from typing import TYPE_CHECKING

from diagnostics.lint.command_line import ARGUMENT_OBJECTS, keyword_of
from diagnostics.lint.dictionaries import is_namespace
from diagnostics.lint.names import last_name
from diagnostics.lint.possible import UNKNOWN, Possible
from diagnostics.lint.reaching import is_under_platform_test
from diagnostics.lint.tree import FUNCTIONS, Binding, all_parameters

if TYPE_CHECKING:
    from diagnostics.lint.values import Values

DEVICES = {"device", "current_accelerator"}  # what makes one, whose `.type` is a string
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
        if isinstance(owner, ast.Attribute) and owner.attr == "hparams":  # Lightning's save_hyperparameters
            return self._of_constructor(node)
        stores = [
            binding
            for binding in self.tree.attribute_values.get(node.attr, ())
            if isinstance(binding.node, ast.Attribute)
            and last_name(binding.node.value) == last_name(owner) != ""
        ]
        found = [each for binding in stores for each in self.values.possible(binding.value)]
        is_overwritten = any(self._surely_runs_before(binding.node, node) for binding in stores)
        return found if is_overwritten else found + self._initial(node)

    def _initial(self, node: ast.Attribute) -> list[Possible]:
        """Return what an attribute holds before anything is assigned to it."""
        of_class = self._of_instance(node.value, node.attr)
        if of_class:
            return of_class
        annotated = self._annotated(node.value)
        if annotated is not None:
            return [Possible(each.node, True) for each in self._of_class(annotated, node.attr)] or [UNKNOWN]
        if node.attr in self.values.command_line and self.holds_arguments(node.value):
            defaults = self.values.possible(self.values.command_line[node.attr])
            return [Possible(each.node, True) for each in defaults]
        is_of_device = isinstance(node.value, ast.Call) and last_name(node.value.func) in DEVICES
        return [Possible(node)] if is_of_device or self.tree.imports.qualified(node) else [UNKNOWN]

    def _of_self(self, node: ast.Attribute) -> list[Possible]:
        owner = self.tree.class_of(node)
        if owner is None:
            return [UNKNOWN]
        found: list[Possible] = []
        is_shadowed = False
        for each in self.family(owner):
            own = self.attributes_of(each, node.attr)
            if is_shadowed:  # by the class attribute of a nearer class
                own = [binding for binding in own if isinstance(binding.node, ast.Attribute)]
            is_shadowed = is_shadowed or any(not isinstance(b.node, ast.Attribute) for b in own)
            for binding in own:
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
        if any(self._is_of_every_object(binding) for binding in through_self):
            return through_self
        in_body = [b for b in self.tree.bindings.get((owner, name), ()) if b.kind == "assigned"]
        return in_body + through_self

    def _is_of_every_object(self, store: Binding) -> bool:
        """Tell whether a constructor surely runs an assignment, whatever the class says."""
        statement = self.tree.statement_of(store.node)
        parent = self.tree.parents.get(statement) if statement is not None else None
        return isinstance(parent, FUNCTIONS) and parent.name in {"__init__", "__post_init__"}

    def family(self, owner: ast.ClassDef) -> list[ast.ClassDef]:
        """Return a class and its bases in this source, nearest first."""
        found = [owner]
        for each in found:
            for base in each.bases:
                known = self.values.classes.get(last_name(base)) if isinstance(base, ast.Name) else None
                if known is not None and known not in found:
                    found.append(known)
        return found

    def _surely_runs_before(self, store: ast.AST, node: ast.AST) -> bool:
        """Tell whether an assignment under no condition stands before a use, or elsewhere."""
        statement = self.tree.statement_of(store)
        if statement is None or not isinstance(self.tree.parents.get(statement), (ast.Module, *FUNCTIONS)):
            return False
        is_elsewhere = self.tree.scope_of(statement) is not self.tree.scope_of(node)
        return is_elsewhere or statement.lineno < getattr(node, "lineno", 0)

    def _of_instance(self, owner: ast.expr, name: str) -> list[Possible]:
        candidates = [owner, *(each.node for each in self.values.possible(owner) if each.node is not None)]
        found: list[Possible] = []
        for each in candidates:
            if isinstance(each, ast.Call) and is_namespace(each):
                return self.values.dictionaries.item(each, ast.Constant(name), None)
            if isinstance(each, ast.Dict):  # inside of a namespace
                return self.values.dictionaries.item(each, ast.Constant(name), None)
            target = each.func if isinstance(each, ast.Call) else each
            known = self.values.classes.get(target.id) if isinstance(target, ast.Name) else None
            if known is not None:
                passed = self._passed(each, known, name) if isinstance(each, ast.Call) else []
                found += passed or self._of_class(known, name)
        return found

    def _of_class(self, owner: ast.ClassDef, name: str) -> list[Possible]:
        return [
            Possible(value.node, isinstance(binding.node, ast.AnnAssign))
            for each in self.family(owner)
            for binding in self.attributes_of(each, name)
            for value in self.values.possible(binding.value)
        ]

    def _passed(self, call: ast.Call, owner: ast.ClassDef, name: str) -> list[Possible]:
        """Return what a call passes for a field of a dataclass, [] where its default holds."""
        family = self.family(owner)
        if any(isinstance(f, FUNCTIONS) and f.name == "__init__" for each in family for f in each.body):
            return []
        given = keyword_of(call, name)
        if given is not None:
            return self.values.possible(given)
        if any(word.arg is None for word in call.keywords):
            return [UNKNOWN]
        fields = self.fields_of(owner)
        position = fields.index(name) if name in fields else len(call.args)
        return self.values.possible(call.args[position]) if position < len(call.args) else []

    def class_of(self, instance: ast.expr) -> ast.ClassDef | None:
        """Return the class of this source that an expression is an object of."""
        for each in self.values.possible(instance):
            if isinstance(each.node, ast.Call) and isinstance(each.node.func, ast.Name):
                return self.values.classes.get(each.node.func.id)
        return self._annotated(instance) or self._annotated_on_self(instance)

    def _annotated_on_self(self, instance: ast.expr) -> ast.ClassDef | None:
        """Return the class that a field, or the parameter kept under its name, is annotated with."""
        if not (isinstance(instance, ast.Attribute) and last_name(instance.value) == "self"):
            return None
        owner = self.tree.class_of(instance)
        for each in self.family(owner) if owner is not None else ():
            for binding in self.attributes_of(each, instance.attr):
                known = self._annotated(binding.value) if binding.value is not None else None
                if known is not None:
                    return known
            for statement in each.body:
                if isinstance(statement, ast.AnnAssign) and last_name(statement.target) == instance.attr:
                    return self.values.classes.get(last_name(statement.annotation))
        return None

    def fields_of(self, owner: ast.ClassDef) -> list[str]:
        """Return the annotated fields of a class and its bases, in order."""
        return [
            statement.target.id
            for each in reversed(self.family(owner))
            for statement in each.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        ]

    def _annotated(self, owner: ast.expr) -> ast.ClassDef | None:
        """Return the class of this source that a parameter is annotated with: `def train(cfg: Config)`."""
        scope = self.tree.home_of(owner) if isinstance(owner, ast.Name) else None
        for parameter in all_parameters(scope.args) if isinstance(scope, FUNCTIONS) else ():
            if isinstance(owner, ast.Name) and parameter.arg == owner.id and parameter.annotation is not None:
                return self.values.classes.get(last_name(parameter.annotation))
        return None

    def holds_arguments(self, owner: ast.expr) -> bool:
        """Tell whether an expression is what a command line was parsed to."""
        if last_name(owner) in ARGUMENT_OBJECTS:
            return True
        nodes = [each.node for each in self.values.possible(owner)]
        return any(isinstance(n, ast.Call) and last_name(n.func).startswith("parse_") for n in nodes)

"""What the functions of a source return."""

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from diagnostics.lint.names import last_name
from diagnostics.lint.possible import Possible
from diagnostics.lint.tree import FUNCTIONS, Function

if TYPE_CHECKING:
    from diagnostics.lint.values import Values

MOST_RETURNS = 12  # of one function
PLAIN = {"staticmethod", "classmethod", "cache", "lru_cache", "override", "no_grad"}  # return what it returns


class Returned:
    """Follows calls of one tree's own functions to what they return."""

    def __init__(self, values: "Values") -> None:
        self.values, self.tree = values, values.tree

    def possible(self, call: ast.Call) -> list[Possible]:
        """Return what a call gives, [] where it is no plain function of this source."""
        function = self._called(call)
        if function is None or not self._is_plain(function):
            return []
        returns = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
        own = [each for each in returns if self.tree.function_of(each) is function]
        if not own or len(own) > MOST_RETURNS:
            return []
        found = [each for one in own if one.value is not None for each in self.values.possible(one.value)]
        if any(one.value is None for one in own) or not _always_leaves(function.body):
            found.append(Possible(ast.Constant(None)))
        return found

    def _called(self, call: ast.Call) -> Function | None:
        if isinstance(call.func, ast.Name):
            scope = self.tree.home_of(call.func)
            bindings = self.tree.bindings.get((scope, call.func.id), []) if scope is not None else []
            node = bindings[0].node if len(bindings) == 1 else None
            return node if isinstance(node, FUNCTIONS) else None
        is_own = isinstance(call.func, ast.Attribute) and last_name(call.func.value) in {"self", "cls"}
        owner = self.tree.class_of(call) if is_own else None
        family = self.values.family(owner) if owner is not None else []
        methods = (m for each in family for m in each.body if isinstance(m, FUNCTIONS))
        return next((m for m in methods if m.name == last_name(call.func)), None)

    def _is_plain(self, function: Function) -> bool:
        if isinstance(function, ast.AsyncFunctionDef) or not set(_decorators(function)) <= PLAIN:
            return False
        yields = (node for node in ast.walk(function) if isinstance(node, ast.Yield | ast.YieldFrom))
        return not any(self.tree.function_of(each) is function for each in yields)


def _decorators(function: Function) -> Iterator[str]:
    for each in function.decorator_list:
        yield last_name(each.func if isinstance(each, ast.Call) else each)


def _always_leaves(block: list[ast.stmt]) -> bool:
    """Tell whether a block never runs off its end."""
    last = block[-1] if block else None
    if isinstance(last, ast.If):
        return _always_leaves(last.body) and _always_leaves(last.orelse)
    if isinstance(last, ast.With):
        return _always_leaves(last.body)
    if isinstance(last, ast.Try):
        ends = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return all(map(_always_leaves, ends)) or _always_leaves(last.finalbody)
    if isinstance(last, ast.Match):
        return all(_always_leaves(case.body) for case in last.cases)
    return isinstance(last, ast.Return | ast.Raise | ast.While)

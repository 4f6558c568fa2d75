"""Parameters: what the calls of a function pass for them, else their defaults."""

import ast
from typing import TYPE_CHECKING

from diagnostics.lint.command_line import click_option, keyword_of, typer_default
from diagnostics.lint.possible import UNKNOWN, Possible
from diagnostics.lint.tree import Function

if TYPE_CHECKING:
    from diagnostics.lint.values import Values

MOST_CALLS = 40  # of one function: what holds in it is then anybody's guess


class Parameters:
    """Follows parameters of one tree."""

    def __init__(self, values: "Values") -> None:
        self.values, self.tree = values, values.tree

    def possible(self, function: Function, name: str) -> list[Possible]:
        """Return what a parameter may be in the body of its function."""
        option = click_option(function, name)
        if option is not None:
            stated = keyword_of(option, "default")
            return [UNKNOWN] if stated is None else self._as_defaults(stated)
        default = self.default_of(function, name)
        calls = self.calls_to(function)
        if len(calls) > MOST_CALLS:
            return [UNKNOWN]
        if not calls:
            return [UNKNOWN] if default is None else self._as_defaults(default)
        found: list[Possible] = []
        for call in calls:
            argument, is_known = self.argument(call, function, name)
            if argument is not None:
                found += self.values.possible(argument)
            elif is_known and default is not None:
                found += self.values.possible(default)
            else:
                found.append(UNKNOWN)
        return found

    def _as_defaults(self, default: ast.expr) -> list[Possible]:
        found = self.values.possible(typer_default(default))
        return [Possible(each.node, True) for each in found]

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
        by_name = self.values.calls_by_name
        if not isinstance(owner, ast.ClassDef):
            return [c for c in by_name.get(function.name, ()) if isinstance(c.func, ast.Name)]
        if function.name == "__init__":
            return [c for c in by_name.get(owner.name, ()) if isinstance(c.func, ast.Name)]
        if len(self.values.functions[function.name]) > 1:
            return []
        return [c for c in by_name.get(function.name, ()) if isinstance(c.func, ast.Attribute)]

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

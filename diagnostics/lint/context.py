"""Start methods: how a source says that its workers are to be started."""

import ast
from collections.abc import Iterator

from diagnostics.lint.script import Script


def start_method_calls(script: Script) -> Iterator[ast.Call]:
    """Yield the calls of `multiprocessing.set_start_method`, torch's included."""
    for call in script.tree.calls:
        if script.name_of(call.func) == "multiprocessing.set_start_method":
            yield call


def method_of(script: Script, call: ast.Call) -> str | None:
    """Return the start method that a call asks for, None where it cannot be read."""
    argument = (
        call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "method"), None)
    )
    found = {each.constant for each in script.values.possible(argument) if each.is_constant}
    return str(found.pop()) if len(found) == 1 else None


def chosen_methods(script: Script) -> set[str]:
    """Return the start methods that a source sets or hands to its loaders."""
    found = {method_of(script, call) for call in start_method_calls(script)}
    for loader in script.loaders:
        for each in loader.everything("multiprocessing_context"):
            node = each.node.args[0] if isinstance(each.node, ast.Call) and each.node.args else each.node
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return {each for each in found if each is not None}

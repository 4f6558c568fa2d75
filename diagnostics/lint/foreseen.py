"""Cases that an author has foreseen: conditions that change arguments before a loader gets them."""

import ast
from collections.abc import Iterator

from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.script import Script


def is_foreseen(script: Script, loader: Loader, names: set[str]) -> bool:
    """Tell whether an `if` about one of these names leaves before the loader, or changes one of them."""
    function = script.tree.function_of(loader.call)
    for branch in script.tree.ifs:
        if not names & mentioned(branch.test):
            continue
        is_before = branch.lineno < loader.call.lineno and script.tree.function_of(branch) is function
        if is_before and isinstance(branch.body[-1], ast.Return | ast.Raise | ast.Continue):
            return True
        if any(names & set(_changed(each)) for each in (*branch.body, *branch.orelse)):
            return True
    return False


def mentioned(test: ast.expr) -> set[str]:
    """Return the names and the keys in a condition."""
    keys = {node.value for node in ast.walk(test) if isinstance(node, ast.Constant)}
    return {*named_in(test), *(key for key in keys if isinstance(key, str))}


def named_in(node: ast.AST) -> Iterator[str]:
    """Yield the names in an expression in full: `args.workers`, and not `args` as well."""
    name = dotted(node)
    if name is not None:
        yield name
        return
    for child in ast.iter_child_nodes(node):
        yield from named_in(child)


def _changed(statement: ast.stmt) -> Iterator[object]:
    """Yield names and keys that a statement sets or takes out; setting 0 changes nothing."""
    for node in ast.walk(statement):
        value = getattr(node, "value", None)
        is_zero = (
            isinstance(node, ast.Assign) and isinstance(value, ast.Constant) and repr(value.value) == "0"
        )
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) and not is_zero else []
        if isinstance(node, ast.Call) and last_name(node.func) in {"pop", "update"}:
            yield from (word.arg for word in node.keywords)
            yield from (each.value for each in node.args if isinstance(each, ast.Constant))
        for target in targets:
            is_keyed = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
            yield target.slice.value if is_keyed else dotted(target)  # type: ignore[attr-defined]


def names_of(loader: Loader, *arguments: str) -> set[str]:
    """Return the names of arguments, and of what is given for them."""
    given = [loader.argument(argument) for argument in arguments]
    written = [each for each in given if each is not None and not _is_constructor(each)]
    return {*arguments, *(name for each in written for name in named_in(each))}


def _is_constructor(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func)[:1].isupper()

"""Options that need workers, given to a loader that has none."""

import ast
from collections.abc import Callable, Iterator

from diagnostics.findings import Confidence
from diagnostics.lint.loaders import Loader
from diagnostics.lint.mappings import Mapping
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.possible import Possible
from diagnostics.lint.script import Script
from diagnostics.lint.spots import source_of

Wanted = Callable[[Possible], bool]


def without_workers(script: Script, option: str, is_set: Wanted) -> Iterator[tuple[Loader, str, Confidence]]:
    """Yield loaders that set an option though they have no workers, with what num_workers is there."""
    for loader in script.loaders:
        if _is_under_test(script, loader, option, loader.call) or _is_foreseen(script, loader, option):
            continue
        for variant in loader.variants:
            counts = loader.possible(variant, "num_workers")
            given = loader.possible(variant, option)
            zeros = [each for each in counts if each.is_(0)]
            sets = [e for e in given if is_set(e) and not _is_under_test(script, loader, option, e.node)]
            if not zeros or not sets or not (len(zeros) == len(counts) or len(sets) == len(given)):
                continue
            is_certain = len(zeros) == len(counts) and len(sets) == len(given)
            is_default = any(each.is_default for each in (*zeros, *sets))
            confidence: Confidence = "certain" if is_certain and not is_default else "likely"
            yield loader, _words(variant, is_default), confidence
            break


def _words(variant: Mapping, is_default: bool) -> str:
    given = variant.items.get("num_workers")
    if given is None:
        return "num_workers is left at 0"
    if isinstance(given, ast.Constant):
        return f"num_workers={source_of(given)}"
    how = "0 by default" if is_default else "0"
    return f"num_workers={source_of(given, 30)} is {how}"


def _is_under_test(script: Script, loader: Loader, option: str, place: ast.AST | None) -> bool:
    """Tell whether something stands under a condition about the workers, as `if num_workers > 0:`."""
    names = _names(loader, option)
    child = place
    for ancestor in script.tree.ancestors(place) if place is not None else ():
        is_branch = isinstance(ancestor, ast.If | ast.IfExp) and child is not ancestor.test
        if is_branch and isinstance(ancestor, ast.If | ast.IfExp) and names & _mentioned(ancestor.test):
            return True
        child = ancestor
    return False


def _is_foreseen(script: Script, loader: Loader, option: str) -> bool:
    """Tell whether an `if` about the workers leaves before the loader, or changes the option or the count."""
    names, function = _names(loader, option), script.tree.function_of(loader.call)
    for branch in script.tree.ifs:
        if not names & _mentioned(branch.test):
            continue
        is_before = branch.lineno < loader.call.lineno and script.tree.function_of(branch) is function
        if is_before and isinstance(branch.body[-1], ast.Return | ast.Raise | ast.Continue):
            return True
        if any(names & set(_changed(each)) for each in (*branch.body, *branch.orelse)):
            return True
    return False


def _names(loader: Loader, option: str) -> set[str]:
    names = {"num_workers", "workers", "n_workers", option}
    for argument in ("num_workers", option):
        given = loader.argument(argument)
        names |= set(_named_in(given)) if given is not None else set()
    return names


def _mentioned(test: ast.expr) -> set[str]:
    """Return the names and the keys in a condition."""
    keys = {node.value for node in ast.walk(test) if isinstance(node, ast.Constant)}
    return {*_named_in(test), *(key for key in keys if isinstance(key, str))}


def _named_in(node: ast.AST) -> Iterator[str]:
    """Yield the names in an expression in full: `args.workers`, and not `args` as well."""
    name = dotted(node)
    if name is not None:
        yield name
        return
    for child in ast.iter_child_nodes(node):
        yield from _named_in(child)


def _changed(statement: ast.stmt) -> Iterator[object]:
    """Yield names and keys that a statement sets or takes out; setting 0 changes nothing."""
    for node in ast.walk(statement):
        is_zero = isinstance(node, ast.Assign) and getattr(node.value, "value", None) == 0
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) and not is_zero else []
        if isinstance(node, ast.Call) and last_name(node.func) in {"pop", "update"}:
            yield from (word.arg for word in node.keywords)
            yield from (each.value for each in node.args if isinstance(each, ast.Constant))
        for target in targets:
            is_keyed = isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
            yield target.slice.value if is_keyed else dotted(target)  # type: ignore[attr-defined]

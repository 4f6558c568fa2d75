"""Options that need workers, given to a loader that has none."""

import ast
from collections.abc import Callable, Iterator

from diagnostics.findings import Confidence
from diagnostics.lint.foreseen import is_foreseen, mentioned, names_of
from diagnostics.lint.loaders import Loader
from diagnostics.lint.mappings import Mapping
from diagnostics.lint.possible import Possible
from diagnostics.lint.script import Script
from diagnostics.lint.spots import source_of

Wanted = Callable[[Possible], bool]


def without_workers(script: Script, option: str, is_set: Wanted) -> Iterator[tuple[Loader, str, Confidence]]:
    """Yield loaders that set an option though they have no workers, with what num_workers is there."""
    for loader in script.loaders:
        names = _names(loader, option)
        if _is_under_test(script, loader, option, loader.call) or is_foreseen(script, loader, names):
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
        if is_branch and isinstance(ancestor, ast.If | ast.IfExp) and names & mentioned(ancestor.test):
            return True
        child = ancestor
    return False


def _names(loader: Loader, option: str) -> set[str]:
    return {"workers", "n_workers", *names_of(loader, "num_workers", option)}

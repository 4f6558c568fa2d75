"""Seeding: a `worker_init_fn` that gives the random generators of every worker the same seed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.lint.datasets import mentions
from diagnostics.lint.loaders import Loader
from diagnostics.lint.names import dotted, last_name
from diagnostics.lint.script import Script
from diagnostics.lint.tree import Function, all_parameters

SEEDING = frozenset(
    [
        "random.seed",
        "numpy.random.seed",
        "torch.manual_seed",
        "torch.random.manual_seed",
    ]
)
SEEDING_ALL = {"seed_everything", "set_seed", "set_determinism"}  # Lightning's, Transformers', MONAI's
# What tells one worker, or one start of it, from another.
TELLING = {
    "get_worker_info",
    "initial_seed",
    "getpid",
    "current_process",
    "urandom",
    "time",
    "time_ns",
    "uuid4",
}
CONVERSIONS = {"int", "abs", "hash", "str", "len"}
MOST_FUNCTIONS, DEEPEST = 20, 5


@dataclass(frozen=True)
class Seeding:
    """A call that seeds every worker alike.

    Attributes
    ----------
    loader : Loader
    call : ast.Call
    """

    loader: Loader
    call: ast.Call


def seeded_alike(script: Script) -> Iterator[Seeding]:
    """Yield the first such call of each `worker_init_fn` that several workers may run."""
    seen: set[int] = set()
    for loader in script.loaders:
        if not loader.has_workers or all(each.is_(1) for each in loader.everything("num_workers")):
            continue
        for part in script.datasets.parts_of(loader.argument("worker_init_fn")):
            for start in [part] if isinstance(part, ast.Lambda) else _functions(script, part):
                if id(start) not in seen:
                    seen.add(id(start))
                    call = next(_fixed_seedings(script, start), None)
                    if call is not None:
                        yield Seeding(loader, call)


def _functions(script: Script, name: ast.AST) -> list[Function]:
    """Return the functions of a name, methods not among them."""
    if not isinstance(name, ast.Name):
        return []
    found = script.values.functions.get(name.id, [])
    return [each for each in found if not isinstance(script.tree.parents.get(each), ast.ClassDef)]


def _fixed_seedings(script: Script, start: Function | ast.Lambda) -> Iterator[ast.Call]:
    bodies: list[Function | ast.Lambda] = [start]
    for body in bodies:
        for node in ast.walk(body):
            if isinstance(node, ast.Call) and len(bodies) < MOST_FUNCTIONS:
                bodies += [each for each in _functions(script, node.func) if each not in bodies]
    worker = {each.arg for each in all_parameters(start.args)[:1]}
    inner = start.body if isinstance(start.body, list) else [start.body]
    if not worker or start.args.vararg or mentions(inner, worker) or mentions(bodies, TELLING):
        return
    given = {each.arg for each in all_parameters(start.args)[1:]}  # by functools.partial, or by default
    for body in bodies:
        for node in ast.walk(body):
            if isinstance(node, ast.Call) and _seeds(script, node):
                seed = node.args[0] if node.args else next((word.value for word in node.keywords), None)
                if seed is not None and _is_fixed(script, seed, given if body is start else set()):
                    yield node


def _seeds(script: Script, call: ast.Call) -> bool:
    is_known = bool(_functions(script, call.func))
    name = script.name_of(call.func) or dotted(call.func) or ""
    return not is_known and (name in SEEDING or last_name(call.func) in SEEDING_ALL)


def _is_fixed(script: Script, node: ast.expr, given: set[str], depth: int = 0) -> bool:
    """Tell whether a seed is the same in each worker, as far as it can be read."""
    if isinstance(node, ast.Name):
        found = [each.node for each in script.values.possible(node)] if depth < DEEPEST else [None]
        return node.id in given or all(
            each is not None and _is_fixed(script, each, given, depth + 1) for each in found
        )
    if isinstance(node, ast.BinOp | ast.Call):
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else node.args
        is_plain = isinstance(node, ast.BinOp) or dotted(node.func) in CONVERSIONS
        return is_plain and all(_is_fixed(script, each, given, depth) for each in parts)
    is_option = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute)
    return is_option or (isinstance(node, ast.Constant) and node.value is not None)

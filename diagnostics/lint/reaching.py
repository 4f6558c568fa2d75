"""Which of several assignments may hold at a place."""

import ast

from diagnostics.lint.names import dotted
from diagnostics.lint.tree import BLOCKS, Binding, Scope, Tree

PLATFORM_WORDS = (
    "platform",
    "os.name",
    "win32",
    "windows",
    "nt",
    "darwin",
    "__name__",
    "IS_WINDOWS",
    "WINDOWS",
)


def is_about_platform(test: ast.expr) -> bool:
    """Tell whether a condition asks for the operating system: its author has thought of workers there."""
    for node in ast.walk(test):
        name = dotted(node) or (node.value if isinstance(node, ast.Constant) else "")
        if isinstance(name, str) and name.lower() in PLATFORM_WORDS:
            return True
        if isinstance(name, str) and any(word in name for word in ("platform", "os.name", "WINDOWS")):
            return True
    return False


def is_under_platform_test(tree: Tree, node: ast.AST) -> bool:
    """Tell whether a node runs on some operating systems only."""
    return any(
        isinstance(each, ast.If) and is_about_platform(each.test) for each in tree.ancestors(node)
    ) and not tree.is_guarded(node)


def reaching(tree: Tree, node: ast.AST, scope: Scope, bindings: list[Binding]) -> list[Binding]:
    """Return the bindings that may hold at a node: from the last one that surely ran before it."""
    if tree.scope_of(node) is not scope or len(bindings) == 1:
        return bindings
    above = {id(each) for each in (node, *tree.ancestors(node))}
    line = getattr(node, "lineno", 0)
    in_loop = any(isinstance(each, ast.For | ast.While) for each in tree.ancestors(node))
    before = [each for each in bindings if getattr(each.node, "lineno", 0) < line or each.kind == "parameter"]
    if in_loop or not before:
        return bindings
    start = 0
    for position, binding in enumerate(before):
        statement = tree.statement_of(binding.node)
        block = tree.parents.get(statement) if statement is not None else None
        if block is not None and id(block) in above and _same_branch(tree, block, statement, node):
            is_same = start < position and tree.statement_of(before[start].node) is statement
            start = start if is_same else position  # a loop binds once a round
    return before[start:]


def _same_branch(tree: Tree, block: ast.AST, statement: ast.stmt | None, node: ast.AST) -> bool:
    chain = {id(each) for each in (node, *tree.ancestors(node))}
    for part in BLOCKS:
        statements = getattr(block, part, None)
        if isinstance(statements, list) and statement in statements:
            return any(id(each) in chain for each in statements)
    return False

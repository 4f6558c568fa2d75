"""What runs in the main process alone, because the source asks `get_worker_info()`."""

import ast

from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.tree import BLOCKS

LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def is_outside_workers(script: Script, node: ast.AST) -> bool:
    """Tell whether a node runs only where `get_worker_info()` is None."""
    child = node
    for ancestor in script.tree.ancestors(node):
        if isinstance(ancestor, ast.If | ast.IfExp):
            side = _side_outside(script, ancestor.test)
            bodies = {True: ancestor.body, False: ancestor.orelse}
            body = bodies[side] if side is not None else []
            if child is body or (isinstance(body, list) and child in body):
                return True
        if _follows_exit(script, ancestor, child):
            return True
        child = ancestor
    return False


def _follows_exit(script: Script, block: ast.AST, child: ast.AST) -> bool:
    """Tell whether workers have left before a statement: `if get_worker_info(): return x`."""
    for name in BLOCKS:
        statements = getattr(block, name, [])
        if isinstance(statements, list) and child in statements:
            return any(
                isinstance(each, ast.If)
                and isinstance(each.body[-1], LEAVING)
                and _side_outside(script, each.test) is False
                for each in statements[: statements.index(child)]
            )
    return False


def _side_outside(script: Script, test: ast.expr) -> bool | None:
    """Return the outcome of a test that only the main process can see; None where workers see both."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _side_outside(script, test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        wanted = isinstance(test.op, ast.And)
        return wanted if any(_side_outside(script, each) is wanted for each in test.values) else None
    if isinstance(test, ast.Compare):
        is_with_none = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
        if len(test.ops) != 1 or not is_with_none or not _is_info(script, test.left):
            return None
        return isinstance(test.ops[0], ast.Is | ast.Eq)
    return False if _is_info(script, test) else None


def _is_info(script: Script, node: ast.expr) -> bool:
    found = [each.node for each in script.values.possible(node)]
    return all(isinstance(each, ast.Call) and last_name(each.func) == "get_worker_info" for each in found)

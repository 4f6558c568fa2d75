"""Numbers that a source writes as a calculation or a conversion."""

import ast
import operator

from diagnostics.lint.possible import UNKNOWN, Possible

LARGEST_FACTOR, LARGEST_POWER = 10**12, 20  # of numbers that are worked out
CONVERTING = {"int": int, "bool": bool, "float": float, "str": str}


def computed(node: ast.expr) -> ast.expr:
    """Return `10 ** 6` as a literal, anything else as it is."""
    operations = {ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub, ast.Pow: operator.pow}
    if not isinstance(node, ast.BinOp) or type(node.op) not in operations:
        return node
    sides = [computed(side) for side in (node.left, node.right)]
    numbers = [side.value for side in sides if isinstance(side, ast.Constant) and type(side.value) is int]
    if len(numbers) < 2 or any(abs(number) > LARGEST_FACTOR for number in numbers):
        return node
    if isinstance(node.op, ast.Pow) and not 0 <= numbers[1] <= LARGEST_POWER:
        return node
    return ast.Constant(operations[type(node.op)](*numbers))


def converted(each: Possible, kind: str) -> Possible:
    """Return `int("4")` as a literal, anything that is none as unknown."""
    if not isinstance(each.node, ast.Constant):
        return UNKNOWN
    try:
        return Possible(ast.Constant(CONVERTING[kind](each.node.value)), each.is_default)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN

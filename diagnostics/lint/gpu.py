"""Which expressions stand for a GPU."""

import ast

from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script

ACCELERATOR = "torch.accelerator.current_accelerator"
DEEPEST = 4  # devices made of devices


def is_cuda_device(script: Script, device: ast.expr | None, depth: int = 0) -> bool:
    """Tell whether an expression may be a GPU, where all that it may be is known: "cuda:0", 0, a device."""
    if device is None or depth > DEEPEST:
        return False
    nodes = [each.node for each in script.values.possible(device)]
    return None not in nodes and any(_is_cuda(script, node, depth) for node in nodes)


def _is_cuda(script: Script, node: ast.expr | None, depth: int) -> bool:
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if isinstance(node, ast.Constant):
        is_index = type(node.value) is int and node.value >= 0
        return is_index or (isinstance(node.value, str) and node.value.startswith("cuda"))
    if isinstance(node, ast.Attribute) and node.attr == "type":
        return _is_cuda(script, node.value, depth)
    if not isinstance(node, ast.Call):
        return False
    if last_name(node.func) == "device" and node.args:
        return is_cuda_device(script, node.args[0], depth + 1)
    return script.name_of(node.func) == ACCELERATOR

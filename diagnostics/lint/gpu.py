"""Which expressions stand for a GPU."""

import ast

from diagnostics.lint.command_line import keyword_of
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.tree import FUNCTIONS

ACCELERATOR = "torch.accelerator.current_accelerator"
DEEPEST = 4  # devices made of devices
# What makes a tensor on the default device where none is given; `from_numpy` does not.
MAKING = frozenset(
    f"torch.{name}"
    for name in (
        "tensor", "as_tensor", "zeros", "ones", "full", "empty", "eye", "arange", "linspace", "logspace",
        "rand", "randn", "randint", "randperm", "normal",
    )
)  # fmt: skip


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


def is_made_by_default_on_cuda(script: Script, name: str, call: ast.Call) -> bool:
    """Tell whether a tensor is made on the GPU because that is the default device where the call stands."""
    if name not in MAKING or any(word.arg in {"device", None} for word in call.keywords):
        return False
    for ancestor in script.tree.ancestors(call):
        for item in ancestor.items if isinstance(ancestor, ast.With) else ():
            device = item.context_expr
            makers = [each.node for each in script.values.possible(device)]
            if any(isinstance(node, ast.Call) and last_name(node.func) == "device" for node in makers):
                return is_cuda_device(script, device)
        if isinstance(ancestor, FUNCTIONS):
            break
    defaults = [
        each
        for each in script.values.calls_by_name.get("set_default_device", ())
        if script.name_of(each.func) == "torch.set_default_device"
    ]
    return bool(defaults) and all(
        is_cuda_device(script, each.args[0] if each.args else keyword_of(each, "device")) for each in defaults
    )

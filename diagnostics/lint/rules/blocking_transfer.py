"""Pinned batches are copied to the GPU without non_blocking=True.

What it means
-------------
The loader pins its batches, and the training loop moves them with `.to(device)` or `.cuda()`, which wait
for the copy.

Why it matters
--------------
Pinned memory is what lets the copy run while the program goes on. Without non_blocking=True the work of
pinning is done and half of its benefit is left out.

How to fix
----------
Add non_blocking=True to the copies of each batch to the device.

When it is fine
---------------
Where the batch is read on the host right after the copy; on the way back to the CPU, where non_blocking
would hand out data that has not arrived.

References
----------
PyTorch documentation, "CUDA semantics", "Use pinned memory buffers"; PyTorch tutorials, "A guide on good
usage of non_blocking and pin_memory()".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.gpu import is_cuda_device
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at
from diagnostics.lint.tree import all_parameters

CODE = "LN118"
SLUG = "blocking-transfer"
TITLE = "Pinned batches are copied to the GPU without non_blocking=True"
STATUS = Status.WARN
MOST_HANDED = 2  # functions through which a batch is followed
FIRES = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, pin_memory=True)
for images, labels in loader:
    images = images.cuda()
    labels = labels.cuda()
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, pin_memory=True)
for step, batch in enumerate(loader):
    batch = {name: value.to(device) for name, value in batch.items()}
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, num_workers=2, pin_memory=True)
for images, labels in loader:
    images = images.to(device, non_blocking=True)
    labels = labels.cuda(non_blocking=True)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset)
for images, labels in loader:
    images = images.to(device)
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, pin_memory=True)
for images, labels in loader:
    images = images.to(device, torch.float32, True)
    labels = labels.to(torch.long)
    loss = images.to("cpu")
""",
)


def find(script: Script) -> Iterator[Spot]:
    """Find the first blocking copy of each place that reads a pinned loader."""
    for target, source, body in _readings(script):
        loaders = script.loader_names.of_call(source)
        pinned = [
            each for each in loaders if _is_pinned([p.is_(True) for p in each.everything("pin_memory")])
        ]
        if not pinned or len(pinned) < len(loaders):
            continue
        copies = _copies(script, _names(target), body)
        if copies:
            first = copies[0]
            more = f" (and {len(copies) - 1} more in this loop)" if len(copies) > 1 else ""
            yield spot_at(
                first,
                f"{source_of(first, 50)} waits for the copy{more}, though the loader in line "
                f"{script.show_line(pinned[0].call)} pins its batches.",
                "Copy without waiting.",
                *(f"{_fixed(copy)}" for copy in copies),
                confidence="likely",
            )


def _readings(script: Script) -> Iterator[tuple[ast.expr, ast.expr, list[ast.stmt]]]:
    """Yield what a batch is called, what gives it, and what is done with it: in loops, and after `next()`."""
    for loop in script.tree.loops:
        yield loop.target, loop.iter, loop.body
    for call in script.values.calls_by_name.get("next", ()):
        statement = script.tree.parents.get(call)
        block = getattr(script.tree.parents.get(statement), "body", None) if statement is not None else None
        if isinstance(statement, ast.Assign) and call.args and isinstance(block, list) and statement in block:
            later = block[block.index(statement) + 1 :]
            yield statement.targets[0], call.args[0], later


def _is_pinned(found: list[bool]) -> bool:
    return any(found)


def _fixed(copy: ast.Call) -> str:
    keywords = [*copy.keywords, ast.keyword("non_blocking", ast.Constant(True))]
    return source_of(ast.Call(copy.func, copy.args, keywords), 100)


def _copies(script: Script, batch: set[str], body: list[ast.stmt], depth: int = 0) -> list[ast.Call]:
    """Return the blocking copies of a batch, by its names: by line, then in functions that get it."""
    found: dict[tuple[int, int], ast.Call] = {}
    handed: list[ast.Call] = []
    nodes = [node for statement in body for node in ast.walk(statement)]
    for node in nodes:  # what is unpacked from the batch is the batch
        if isinstance(node, ast.Assign) and _names(node.value) & batch and _is_unpacking(node.value):
            batch |= {each.id for t in node.targets for each in ast.walk(t) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.comprehension) and _names(node.iter) & batch:
            batch |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    for node in nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _is_blocking(script, node)
            and _names(node.func.value) & batch
            and _is_unpacking(node.func.value)
        ):
            found[node.lineno, node.col_offset] = node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and depth < MOST_HANDED:
            handed += _in_function(script, node, batch, depth)
    return [found[place] for place in sorted(found)] + handed


def _in_function(script: Script, call: ast.Call, batch: set[str], depth: int) -> list[ast.Call]:
    """Return the blocking copies in a function of this source that is handed the batch."""
    functions = script.values.functions.get(last_name(call.func), [])
    if len(functions) != 1:
        return []
    (function,) = functions
    parameters = {
        parameter.arg
        for parameter in all_parameters(function.args)
        for given, _ in [script.values.parameters.argument(call, function, parameter.arg)]
        if isinstance(given, ast.Name) and given.id in batch
    }
    return _copies(script, parameters, function.body, depth + 1) if parameters else []


def _is_unpacking(value: ast.expr) -> bool:
    """Tell whether a value is part of the batch rather than computed from it."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Attribute) and value.func.attr in {
            "to", "cuda", "float", "long", "requires_grad_", "unsqueeze", "squeeze", "view", "items",
            "values", "get", "contiguous", "permute", "half", "int", "type", "pop",
        } and _is_unpacking(value.func.value)  # fmt: skip
    if isinstance(value, ast.Tuple | ast.List):
        return all(_is_unpacking(each) for each in value.elts)
    if isinstance(value, ast.Subscript | ast.Attribute):
        return _is_unpacking(value.value)
    return isinstance(value, ast.Name | ast.DictComp | ast.ListComp)


def _names(expression: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def _is_blocking(script: Script, call: ast.Call) -> bool:
    if any(word.arg in {"non_blocking", "async", None} for word in call.keywords):
        return False
    if last_name(call.func) == "cuda":
        return len(call.args) < 2
    if last_name(call.func) != "to" or len(call.args) > 1:
        return False
    target = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "device"), None)
    devices = script.values.possible(target)
    if all(_is_cpu(each.node) for each in devices):
        return False
    if is_cuda_device(script, target):
        return True
    text = "" if target is None or isinstance(target, ast.Constant) else source_of(target).lower()
    return any(word in text for word in ("dev", "cuda", "gpu", "rank")) and "dtype" not in text


def _is_cpu(node: ast.expr | None) -> bool:
    """Tell whether a device is "cpu" or torch.device("cpu")."""
    if isinstance(node, ast.Call) and last_name(node.func) == "device" and node.args:
        node = node.args[0]
    return isinstance(node, ast.Constant) and node.value == "cpu"

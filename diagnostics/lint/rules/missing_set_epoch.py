"""A DistributedSampler that is never told the epoch.

What it means
-------------
The sampler shuffles with its seed plus the epoch, and no `set_epoch` is called in the loop over epochs.

Why it matters
--------------
Every epoch has the same order: training goes on, without the shuffling it was meant to have.

How to fix
----------
`sampler.set_epoch(epoch)` at the beginning of each epoch, before the loader is read.

When it is fine
---------------
With shuffle=False, as for validation; under Lightning and Accelerate, which call it for you.

References
----------
PyTorch documentation, torch.utils.data.distributed.DistributedSampler, set_epoch.
"""

import ast
import re
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.command_line import keyword_of
from diagnostics.lint.names import last_name
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN120"
SLUG = "missing-set-epoch"
TITLE = "A DistributedSampler that is never told the epoch"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
sampler = DistributedSampler(dataset)
loader = DataLoader(dataset, sampler=sampler)
for epoch in range(10):
    for batch in loader:
        step(batch)
""",
    """
import torch
from torch.utils.data import DataLoader
def train(loader, epochs):
    for epoch in range(epochs):
        run(loader)
loader = DataLoader(dataset, sampler=torch.utils.data.distributed.DistributedSampler(dataset, shuffle=True))
""",
)
SILENT = (
    """
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
loader = DataLoader(dataset, sampler=DistributedSampler(dataset))
for epoch in range(10):
    loader.sampler.set_epoch(epoch)
    for batch in loader:
        step(batch)
""",
    """
from torch.utils.data import DataLoader, DistributedSampler
loader = DataLoader(dataset, sampler=DistributedSampler(dataset, shuffle=False))
for epoch in range(10):
    for batch in loader:
        step(batch)
""",
    """
from torch.utils.data import DistributedSampler
def make_sampler(dataset):
    return DistributedSampler(dataset)
""",
)

SAMPLER = "torch.utils.data.DistributedSampler"
CARING = ("lightning", "pytorch_lightning", "accelerate", "ignite", "catalyst", "composer", "transformers")
HELD_OUT = re.compile(r"val|test|eval|dev|infer|predict", re.IGNORECASE)


def find(script: Script) -> Iterator[Spot]:
    """Find shuffling samplers in a source with epochs and without set_epoch."""
    if script.has_module(*CARING) or any(each.attr == "set_epoch" for each in script.tree.attributes):
        return
    if not any(_is_over_epochs(script, loop) for loop in script.tree.loops) and not _counts_epochs(script):
        return
    for call in script.tree.calls:
        if (
            script.name_of(call.func) == SAMPLER
            and _shuffles(script, call)
            and not _is_held_out(script, call)
        ):
            yield spot_at(
                call,
                "This sampler shuffles by epoch, and set_epoch is called nowhere in this file: each epoch "
                "has the same order.",
                "Tell it the epoch before the loader is read.",
                "for epoch in range(num_epochs):",
                f"    {_name(script, call)}.set_epoch(epoch)",
                confidence="likely",
            )
            return


def _counts_epochs(script: Script) -> bool:
    """Tell whether there is a `while epoch < ...:`."""
    return any(
        isinstance(parent, ast.Compare) and isinstance(script.tree.parents.get(parent), ast.While)
        for name in script.tree.names
        if "epoch" in name.id.lower()
        for parent in (script.tree.parents.get(name),)
    )


def _is_over_epochs(script: Script, loop: ast.For | ast.AsyncFor) -> bool:
    if "epoch" in source_of(loop.target).lower() or "epoch" in source_of(loop.iter).lower():
        return True
    if not (isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) in {"range", "trange"}):
        return False
    inner = (node for node in ast.walk(loop) if isinstance(node, ast.For) and node is not loop)
    return any(script.loader_names.of_call(each.iter) for each in inner)


def _shuffles(script: Script, call: ast.Call) -> bool:
    shuffle = keyword_of(call, "shuffle") or (call.args[3] if len(call.args) > 3 else None)
    if any(word.arg is None for word in call.keywords):
        return False
    return shuffle is None or all(each.is_(True) for each in script.values.possible(shuffle))


def _is_held_out(script: Script, call: ast.Call) -> bool:
    return bool(HELD_OUT.search(_name(script, call)) or any(HELD_OUT.search(last_name(a)) for a in call.args))


def _name(script: Script, call: ast.Call) -> str:
    for ancestor in script.tree.ancestors(call):
        if isinstance(ancestor, ast.Assign):
            name = ast.unparse(ancestor.targets[0])
            is_loader = any(each.call is ancestor.value for each in script.loaders)
            return f"{name}.sampler" if is_loader else name
        if isinstance(ancestor, ast.stmt):
            break
    return "loader.sampler"

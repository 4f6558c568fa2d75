"""pin_memory=True in a script that uses no accelerator.

What it means
-------------
The loader copies every batch into page-locked memory, from which a GPU can fetch it quickly; and the
script trains on the CPU.

Why it matters
--------------
Without an accelerator torch ignores the option and warns "no accelerator is found"; with one that is not
used, each batch is copied once for nothing, in memory that cannot be paged out.

How to fix
----------
Drop it, or make it depend on the device: `pin_memory=torch.cuda.is_available()`.

When it is fine
---------------
Where the batches go to a GPU after all, in code that stands elsewhere.

References
----------
PyTorch documentation, torch.utils.data, "Memory Pinning".
"""

import ast
import re
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, spot_at

CODE = "LN117"
SLUG = "pin-without-accelerator"
TITLE = "pin_memory=True in a script that uses no accelerator"
STATUS = Status.WARN
FIRES = (
    """
import torch
from torch.utils.data import DataLoader
loader = DataLoader(dataset, pin_memory=True)
for x, y in loader:
    loss = model(x).sum()
""",
    """
import torch
from torch.utils.data import DataLoader
device = torch.device("cpu")
loader = DataLoader(dataset, pin_memory=True)
for x, y in loader:
    loss = model(x.to(device)).sum()
""",
)
SILENT = (
    """
import torch
from torch.utils.data import DataLoader
loader = DataLoader(dataset, pin_memory=torch.cuda.is_available())
for x, y in loader:
    loss = model(x).sum()
""",
    """
from torch.utils.data import DataLoader
loader = DataLoader(dataset, pin_memory=True)
for x, y in loader:
    loss = model(x.to(device, non_blocking=True)).sum()
""",
    """
from torch.utils.data import DataLoader
def make_loader(dataset):
    return DataLoader(dataset, pin_memory=True)
""",
)

CPU_ONLY = re.compile(
    r"torch\.device\(\s*[\"']cpu[\"']\s*\)|map_location\s*=\s*[\"']cpu[\"']|\.to\(\s*[\"']cpu[\"']\s*\)"
    r"|\.cpu\(\)|^\s*device\s*=\s*[\"']cpu[\"']",
    re.MULTILINE,
)
ACCELERATED = re.compile(
    r"cuda|gpu|\bmps\b|\bxpu\b|\bnpu\b|\bhpu\b|accelerat|lightning|fabric|Trainer|deepspeed|catalyst|ignite"
    r"|fastai|Learner|local_rank|non_blocking|xla",
    re.IGNORECASE,
)
DEVICE = re.compile(r"\.to\(|device", re.IGNORECASE)
TRAINING = re.compile(r"\.backward\(|\.step\(|no_grad|inference_mode|\bmodel\(|\bnet\(")
ONLY_CPU_DEVICE = re.compile(
    r"^\s*(self\.)?device\s*=\s*(torch\.device\(\s*)?[\"']cpu[\"']\s*\)?\s*$", re.MULTILINE
)


def find(script: Script) -> Iterator[Spot]:
    """Find pinned loaders that are read in a source without a word of an accelerator."""
    pinned = [
        loader for loader in script.loaders if all(each.is_(True) for each in loader.everything("pin_memory"))
    ]
    if not pinned:
        return
    code = ast.unparse(script.module)  # without its comments
    if not TRAINING.search(code) or not _is_on_cpu(code):
        return
    read = {id(each) for loop in script.tree.loops for each in script.loader_names.of_call(loop.iter)}
    for loader in pinned:
        if id(loader) in read:
            yield spot_at(
                loader.call,
                "pin_memory=True, and nothing in this file goes to an accelerator.",
                "Drop it, or make it depend on the device.",
                loader.corrected(pin_memory="torch.cuda.is_available()"),
                confidence="likely",
            )


def _is_on_cpu(text: str) -> bool:
    rest = CPU_ONLY.sub("", text)
    if ACCELERATED.search(rest):
        return False
    return bool(ONLY_CPU_DEVICE.search(text)) or not DEVICE.search(rest)

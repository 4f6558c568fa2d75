"""A dataset or collate_fn uses CUDA inside a worker.

What it means
-------------
`__getitem__`, `__iter__` or collate_fn moves data to the GPU (`.cuda()`, `.to("cuda")`, `device="cuda"`), or
the dataset holds CUDA tensors, and a loader with workers runs it.

Why it matters
--------------
CUDA cannot be used in a forked process once the parent has used it: "Cannot re-initialize CUDA in forked
subprocess". With spawned workers each one takes its own GPU memory for a CUDA context, and pin_memory=True
refuses CUDA tensors.

How to fix
----------
Return CPU tensors and move the batch in the training loop, with pin_memory=True and non_blocking=True.

When it is fine
---------------
With num_workers=0, or where a decoder on the GPU is meant to run in spawned workers.

References
----------
PyTorch documentation, "Multiprocessing best practices", CUDA in multiprocessing; torch.utils.data, "Memory
Pinning".
"""

import ast
from collections.abc import Iterator

from diagnostics.findings import Status
from diagnostics.lint.context import chosen_methods
from diagnostics.lint.datasets import DatasetClass
from diagnostics.lint.gpu import is_cuda_device, is_made_by_default_on_cuda
from diagnostics.lint.handles import SAMPLING, stores
from diagnostics.lint.names import last_name
from diagnostics.lint.outside_workers import is_outside_workers
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot, source_of, spot_at

CODE = "LN104"
SLUG = "cuda-in-forked-worker"
TITLE = "A dataset or collate_fn uses CUDA inside a worker"
STATUS = Status.WARN
FIRES = (
    """
from torch.utils.data import Dataset
class Images(Dataset):
    def __getitem__(self, index):
        return self.images[index].cuda(), self.labels[index]
""",
    """
import torch
from torch.utils.data import DataLoader, Dataset
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
class Images(Dataset):
    def __getitem__(self, index):
        return self.load(index)
    def load(self, index):
        return torch.zeros(3).to(device)
loader = DataLoader(Images(), num_workers=2)
""",
    """
import torch
from torch.utils.data import DataLoader, TensorDataset
x = torch.randn(100, 3).cuda()
loader = DataLoader(TensorDataset(x, x), num_workers=2)
""",
    """
import torch
from torch.utils.data import DataLoader, Dataset
torch.set_default_device("cuda")
class Images(Dataset):
    def __getitem__(self, index):
        return torch.zeros(3)
loader = DataLoader(Images(), num_workers=2)
""",
)
SILENT = (
    """
import torch
from torch.utils.data import DataLoader, Dataset
with torch.device("cuda"):
    model = torch.nn.Linear(3, 1)
class Images(Dataset):
    def __getitem__(self, index):
        return torch.zeros(3), torch.ones(1, device="cpu")
loader = DataLoader(Images(), num_workers=2)
""",
    """
import torch
from torch.utils.data import DataLoader, Dataset
class Images(Dataset):
    def __getitem__(self, index):
        return torch.zeros(3).cuda()
loader = DataLoader(Images(), batch_size=4)
""",
    """
import torch
from torch.utils.data import DataLoader, Dataset
class Images(Dataset):
    def __getitem__(self, index):
        return torch.zeros(3).to(torch.float32)
for x in DataLoader(Images(), num_workers=2):
    x = x.cuda()
""",
)

PLACES = ("device", "map_location")  # parameters that say where a tensor is made
NO_MAKERS = ("torch.device", "torch.Generator", "torch.cuda.")


def find(script: Script) -> Iterator[Spot]:
    """Find CUDA in what workers run, unless they are not forked."""
    if not chosen_methods(script) <= {"fork"}:
        return
    seen: set[int] = set()
    for node, place, is_sure in (*_in_datasets(script), *_in_collate(script), *_in_tensors(script)):
        if id(node) not in seen and not is_outside_workers(script, node):
            seen.add(id(node))
            yield spot_at(
                node,
                f"{source_of(node, 40)} uses CUDA in {place}, which runs in the workers.",
                "Keep samples on the CPU, and move the batch in the training loop.",
                _on_cpu(node),
                "for batch in loader:",
                '    batch = batch.to("cuda", non_blocking=True)',
                confidence="certain" if is_sure else "likely",
            )


def _on_cpu(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"cuda", "to"}:
        return f"{source_of(node.func.value, 90)}  # without .{node.func.attr}(...)"
    is_load = last_name(node.func) == "load"
    is_placed = any(word.arg in PLACES for word in node.keywords) or last_name(node.func)[:1].isupper()
    cpu = [ast.keyword("map_location", ast.Constant("cpu"))] if is_load else []
    cpu += [] if is_load or is_placed else [ast.keyword("device", ast.Constant("cpu"))]  # not the default
    args = node.args[:1] if is_load else node.args
    return source_of(
        ast.Call(node.func, args, [*(w for w in node.keywords if w.arg not in PLACES), *cpu]), 90
    )


def _in_datasets(script: Script) -> Iterator[tuple[ast.Call, str, bool]]:
    for dataset in script.datasets.classes:
        if dataset.is_without_workers:
            continue
        for function in script.datasets.runs_in(dataset.node, *SAMPLING):
            for call in _cuda_calls(script, function):
                yield call, f"{dataset.node.name}.{function.name}", dataset.has_workers
        if dataset.has_workers:
            yield from _in_constructor(script, dataset)


def _in_constructor(script: Script, dataset: DatasetClass) -> Iterator[tuple[ast.Call, str, bool]]:
    sampling = script.datasets.runs_in(dataset.node, *SAMPLING)
    used = {n.attr for f in sampling for n in ast.walk(f) if isinstance(n, ast.Attribute)}
    for name, _, value in stores(script.datasets.runs_in(dataset.node, "__init__")):
        if name in used and isinstance(value, ast.Call) and is_cuda_call(script, value):
            yield value, f"{dataset.node.name} (kept from its constructor)", True


def _in_collate(script: Script) -> Iterator[tuple[ast.Call, str, bool]]:
    for loader in script.loaders:
        if not loader.has_workers:
            continue
        for part in script.datasets.parts_of(loader.argument("collate_fn")):
            bodies: list[ast.AST] = [part] if isinstance(part, ast.Lambda) else []
            bodies += script.values.functions.get(last_name(part), [])[:1]
            for body in bodies:
                for call in _cuda_calls(script, body):
                    yield call, "collate_fn", True


def _in_tensors(script: Script) -> Iterator[tuple[ast.Call, str, bool]]:
    for loader in script.loaders:
        if loader.has_workers:
            for part in script.datasets.parts_of(loader.dataset):
                if isinstance(part, ast.Call) and is_cuda_call(script, part):
                    yield part, "the loader's dataset", True


def _cuda_calls(script: Script, body: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and is_cuda_call(script, node):
            yield node


def is_cuda_call(script: Script, call: ast.Call) -> bool:
    """Tell whether a call moves or makes a tensor on the GPU."""
    name, method = script.name_of(call.func), last_name(call.func)
    if name:
        if name.startswith("torch.cuda.") and name.endswith("Tensor"):
            return True
        if is_made_by_default_on_cuda(script, name, call):
            return True
        is_maker = name.startswith("torch.") and not name.startswith(NO_MAKERS)
        return is_maker and any(is_cuda_device(script, each) for each in _places(name, call))
    if not isinstance(call.func, ast.Attribute):
        return False
    target = [*_places(name, call), *call.args][:1]
    return method == "cuda" or (method == "to" and any(is_cuda_device(script, each) for each in target))


def _places(name: str, call: ast.Call) -> list[ast.expr]:
    given = call.args[1:2] if name == "torch.load" else []
    return given + [word.value for word in call.keywords if word.arg in PLACES]

"""Names: what an imported name stands for, so that every way to write DataLoader is one."""

import ast
from collections.abc import Iterable

# Classes that torch also offers under a second path.
SAME = {
    "torch.utils.data.dataloader.": "torch.utils.data.",
    "torch.utils.data.dataset.": "torch.utils.data.",
    "torch.utils.data.sampler.": "torch.utils.data.",
    "torch.utils.data.distributed.": "torch.utils.data.",
    "torch.utils.data._utils.worker.": "torch.utils.data.",
    "torch.multiprocessing.": "multiprocessing.",
    "torchdata.stateful_dataloader.StatefulDataLoader": "torch.utils.data.DataLoader",
    "torch_geometric.loader.DataLoader": "torch.utils.data.DataLoader",
    "monai.data.DataLoader": "torch.utils.data.DataLoader",
}
# What `from torch.utils.data import *` brings in, as far as the rules ask for it.
STARRED = {
    "torch.utils.data": [
        "DataLoader",
        "Dataset",
        "IterableDataset",
        "DistributedSampler",
        "TensorDataset",
        "Subset",
        "ConcatDataset",
        "random_split",
        "get_worker_info",
        "Sampler",
        "BatchSampler",
        "RandomSampler",
        "WeightedRandomSampler",
    ],
    "torch.multiprocessing": ["set_start_method"],
    "multiprocessing": ["set_start_method"],
}


def dotted(node: ast.AST) -> str | None:
    """Return `a.b.c` for a chain of names, None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def last_name(node: ast.AST) -> str:
    """Return the last part of a name (`self.train_loader` gives `train_loader`), or ""."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def canonical(name: str) -> str:
    """Return the one path under which the rules know a name."""
    for path, known in SAME.items():
        if name.startswith(path):
            return known + name[len(path) :]
    return name


class Imports:
    """The imported names of a source.

    Parameters
    ----------
    nodes : iterable of ast.Import and ast.ImportFrom
        From anywhere in the source: a name imported in a function counts for the whole source.
    """

    def __init__(self, nodes: Iterable[ast.Import | ast.ImportFrom]) -> None:
        self.targets: dict[str, str] = {}
        self.modules: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                self._add_import(node)
            else:
                self._add_from(node)

    def _add_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.modules.add(alias.name)
            root = alias.name.partition(".")[0]
            self.targets[alias.asname or root] = alias.name if alias.asname else root

    def _add_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.modules.add(module)
        for alias in node.names:
            if alias.name == "*":
                self.targets.update({name: f"{module}.{name}" for name in STARRED.get(module, ())})
            else:
                self.targets[alias.asname or alias.name] = f"{module}.{alias.name}"

    def qualified(self, node: ast.AST) -> str:
        """Return the full path of a name (`torch.utils.data.DataLoader`), "" where it is not imported."""
        name = dotted(node)
        if name is None:
            return ""
        root, _, rest = name.partition(".")
        if root not in self.targets:
            return ""
        return canonical(self.targets[root] + ("." + rest if rest else ""))

    def has_any(self, *roots: str) -> bool:
        """Tell whether one of these packages is imported."""
        return any(module.partition(".")[0] in roots for module in self.modules)

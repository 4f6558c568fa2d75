"""The installed torch, read from its files: importing it would take seconds."""

import ast
import re
from importlib import metadata
from pathlib import Path

from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt, read_text

_ASSIGNMENT = re.compile(r"^(cuda|hip)\b[^=\n]*=\s*(None|'[^'\n]*'|\"[^\"\n]*\")\s*$", re.MULTILINE)
_KEYS = {"cuda": "torch.cuda_version", "hip": "torch.hip_version"}


def parse_version_file(text: str) -> Facts:
    """Parse torch/version.py without running it; a CPU build has None for CUDA and HIP."""
    return {
        _KEYS[name]: Fact(ast.literal_eval(value), "", "torch/version.py")
        for name, value in _ASSIGNMENT.findall(text)
    }


def read(root: Path) -> Facts:
    """Read version and build of the torch that this interpreter would import; nothing where there is none."""
    try:
        distribution = metadata.distribution("torch")
    except metadata.PackageNotFoundError:
        return {}
    facts: Facts = {"torch.version": Fact(distribution.version, "", "importlib.metadata")}
    path = attempt(lambda: Path(str(distribution.locate_file("torch/version.py"))))
    text = read_text(path) if path else None
    return facts | parse_version_file(text or "")

"""torch cannot be imported.

What it means
-------------
The interpreter whose torch was to be tried (`--python`, by default the one that runs torch-checkup) raised,
died or stood still at `import torch`. Nothing that needs torch could be tried.

Why it matters
--------------
No training can start under this interpreter. A worker that is not forked imports torch too, so an import that
fails only at times, or for lack of memory, shows there as a worker that died.

How to fix
----------
"No module named 'torch'": install it into this interpreter, or name the one that has it. A library that is
missing or does not fit: install torch and its companions anew, in one step, in a fresh environment. An import
that stands still is most often a file system that does not answer.

When it is fine
---------------
When another interpreter trains, and this one only reads results.

References
----------
PyTorch, "Get Started"; Python documentation, "-X importtime".
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, ok
from diagnostics.quantities import format_quantity

CODE = "MC109"
SLUG = "torch-not-importable"
TITLE = "torch cannot be imported"
NEEDS = ("python.version", "trial.torch_import_seconds", "trial.torch_import_problem")
FIRES = dict(
    zip(NEEDS, ("3.11.7", 0.4, "OSError: libcudart.so.12: cannot open shared object file"), strict=True)
)
SILENT = dict(zip(NEEDS, ("3.11.7", 1.9, None), strict=True))

_ABSENT = "No module named 'torch'"
_INSTALL = Remedy(
    "Install torch into this interpreter, or name the one that has it.",
    ("python -m pip install torch", "python -m diagnostics --python /path/to/your/python"),
)
_REPAIR = Remedy(
    "See where the import breaks; then install torch anew, in a fresh environment.",
    (
        'python -X importtime -c "import torch"',
        "python -m pip check",
        "python -m pip install --force-reinstall torch",
    ),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where the import did not end well."""
    version, seconds, problem = (facts[key] for key in NEEDS)
    if problem is None:
        took = "" if seconds is None else f" in {format_quantity(seconds, 'seconds')}"
        return ok(f"Python {version} imports torch{took}.")
    if _ABSENT in str(problem):
        return fail(f"Python {version} has no torch.", (f"import torch, tried 1 time: {problem}",), _INSTALL)
    evidence = (f"import torch, tried 1 time under Python {version}: {problem}",)
    return fail(f"Python {version} cannot import torch.", evidence, _REPAIR)

"""A forked child that touches CUDA is not refused.

What it means
-------------
This process used CUDA, forked, and the child touched CUDA. torch refuses that with a clear error; here the
child got another answer: it hung, died or went on with a broken context.

Why it matters
--------------
A forked worker that touches CUDA would hang or crash without telling why.

How to fix
----------
Keep CUDA out of datasets, and start workers by spawn or forkserver once CUDA is in use.

When it is fine
---------------
When no worker touches CUDA.

References
----------
PyTorch documentation, "Multiprocessing best practices", CUDA in multiprocessing.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, not_applicable, ok, warn

CODE = "GP104"
SLUG = "cuda-survives-fork"
TITLE = "A forked child that touches CUDA is not refused"
NEEDS = ("torch.cuda_available", "trial.cuda_after_fork_answer")
_REFUSAL = "RuntimeError: Cannot re-initialize CUDA in forked subprocess."
FIRES = dict(zip(NEEDS, (True, "hung"), strict=True))
SILENT = dict(zip(NEEDS, (True, _REFUSAL), strict=True))


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Expect torch's own refusal."""
    available, answer = (facts[key] for key in NEEDS)
    if not available or answer is None:
        return not_applicable("No GPU was used before a fork here.")
    if "forked subprocess" in str(answer):
        return ok("Of 1 forked child that touched CUDA, 1 was refused with a clear error, as it should be.")
    remedy = Remedy(
        "Start workers by spawn, and keep CUDA out of datasets.",
        ('DataLoader(..., multiprocessing_context="spawn")',),
    )
    summary = "Of 1 forked child that touched CUDA, none was refused as torch should."
    return warn(summary, (f"1 child, its answer: {answer}",), remedy, "likely")

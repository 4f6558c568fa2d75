"""Few batches can be kept before the open files run out.

What it means
-------------
Under the sharing strategy `file_descriptor` every tensor that a worker sends holds a descriptor for as long
as it is kept. How many each batch takes was counted here; the limit on open files does the rest.

Why it matters
--------------
A loop that collects batches or their parts (`outputs.append(batch)`) ends in "Too many open files" or
"received 0 items of ancdata" after a few hundred of them.

How to fix
----------
Keep copies (`tensor.clone()`), raise `ulimit -n`, or
`torch.multiprocessing.set_sharing_strategy("file_system")`.

When it is fine
---------------
When each batch is let go before the next.

References
----------
PyTorch documentation, "Multiprocessing package", sharing strategies.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.quantities import format_quantity

CODE = "MC106"
SLUG = "few-held-batches"
TITLE = "Few batches can be kept before the open files run out"
NEEDS = ("trial.held_batches_count", "trial.open_files_per_batch_count", "trial.held_batches_problem")
FIRES = dict(zip(NEEDS, (29, 2.0, "RuntimeError: Too many open files."), strict=True))
SILENT = dict(zip(NEEDS, (9997, 2.0, "RuntimeError: Too many open files."), strict=True))

_REMEDY = Remedy(
    "Keep copies rather than batches, and raise the limit.",
    (
        "kept.append(batch.clone())",
        "ulimit -n 65536",
        'torch.multiprocessing.set_sharing_strategy("file_system")',
    ),
)
_NO_DESCRIPTOR = ("Too many open files", "Errno 24", "ancdata", "unable to open shared memory")
FEWEST_BATCHES = 256  # what 1,024 open files, the usual limit, leave of two tensors a batch, halved


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare how many batches fit with what a loop that collects a few would keep."""
    fits, each, problem = (facts[key] for key in NEEDS)
    if problem is not None and each is None:
        if not any(words in str(problem) for words in _NO_DESCRIPTOR):
            return not_applicable("0 batches came from a worker, for a reason other than open files.")
        return fail("0 batches can be kept.", (f"1 worker, forked: {problem}",), _REMEDY)
    if fits is None or each is None:
        return not_applicable("Kept batches hold no open files here, or there is no limit on them.")
    told = f"{format_quantity(fits, 'count')} batches of two tensors"
    if fits >= FEWEST_BATCHES:
        return ok(f"About {told} can be kept before the open files run out.")
    evidence = (
        f"{format_quantity(each, 'count')} open files a batch, measured; then: {problem or 'refused'}",
    )
    return warn(f"Only about {told} can be kept before the open files run out.", evidence, _REMEDY)

"""The dataset raises StopIteration, and the epoch ends early without a word.

What it means
-------------
`__getitem__` or collate raised StopIteration, often by `next()` on an iterator that ran dry. The loop takes
it for the end of the epoch, with 0, 1 or 2 workers alike.

Why it matters
--------------
Part of the data is never seen, and nothing is printed.

How to fix
----------
Index the data instead of calling next(), or raise IndexError or RuntimeError. Compare the samples seen with
`len(dataset)`.

When it is fine
---------------
Never.

References
----------
Python, PEP 479, which mends this for generators only.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok

CODE = "DL260"
SLUG = "silent-truncation"
TITLE = "Epochs end early without an error"
NEEDS = (
    "run.epoch_batches_seen_count",
    "run.epoch_batches_expected_count",
    "run.stop_iterations_count",
    "run.epochs_count",
)
FIRES = {
    "run.epoch_batches_seen_count": 12,
    "run.epoch_batches_expected_count": 40,
    "run.stop_iterations_count": 1,
    "run.epochs_count": 1,
}
SILENT = {
    "run.epoch_batches_seen_count": None,
    "run.epoch_batches_expected_count": None,
    "run.stop_iterations_count": 0,
    "run.epochs_count": 3,
}
_INDEX = Remedy(
    "Index the data instead of calling next(); raise another exception where a sample is missing.",
    ("value = next(iterator, None)", 'if value is None: raise RuntimeError(f"no sample {index}")'),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the batches that came with the batches that the sampler had."""
    seen, expected = facts["run.epoch_batches_seen_count"], facts["run.epoch_batches_expected_count"]
    num_epochs = facts["run.epochs_count"]
    if not num_epochs:
        return not_applicable("No epoch was begun.")
    if seen is None or expected is None or not facts["run.stop_iterations_count"]:
        return ok(f"No epoch was cut short by StopIteration, of {num_epochs}.")
    evidence = (f"an epoch ended after {seen} of {expected} batches, by StopIteration",)
    return fail(f"An epoch ended early without an error: {seen} of {expected} batches.", evidence, _INDEX)

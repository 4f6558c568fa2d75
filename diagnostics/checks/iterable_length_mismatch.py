"""An IterableDataset yields more, or less, than its length says.

What it means
-------------
`__len__` of the dataset, divided by the batch size, is what the loader announces; more batches came than
that, or fewer. With several workers, each may have yielded the whole stream. torch itself warns only where
more batches came than samples were announced.

Why it matters
--------------
Progress bars, schedules of the learning rate and the ends of epochs go by that length. A loop that calls
next() as often as it says ends with StopIteration.

How to fix
----------
Correct `__len__` or leave it out; divide the stream among workers.

When it is fine
---------------
Where nothing reads the length.

References
----------
PyTorch source, torch/utils/data/dataloader.py.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok, warn
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised

CODE = "DL244"
SLUG = "iterable-length-mismatch"
TITLE = "An IterableDataset's length is wrong"
NEEDS = (
    "run.stream_batches_seen_count",
    "run.stream_batches_expected_count",
    "run.stream_samples_announced_count",
    "run.stream_length_is_fatal",
    "run.epochs_count",
)
FIRES = {
    "run.stream_batches_seen_count": 20,
    "run.stream_batches_expected_count": 40,
    "run.stream_samples_announced_count": 400,
    "run.stream_length_is_fatal": False,
    "run.epochs_count": 2,
}
SILENT = {**dict.fromkeys(NEEDS), "run.epochs_count": 2}
LOG_FIRES = (
    "UserWarning: Length of IterableDataset <Stream object> was reported to be 5 (when "
    "accessing len(dataloader)), "
    "but 6 samples have been fetched.\n",
    "dataloader.py:630: UserWarning: Length of IterableDataset <__main__.S object at "
    "0x7f> was reported to be 100 "
    "(when accessing len(dataloader)), but 101 samples have been fetched. For "
    "multiprocessing data-loading, this "
    "could be caused by not properly configuring the IterableDataset replica at each worker.\n",
    "UserWarning: Your `IterableDataset` has `__len__` defined. In combination with multi-process data "
    "loading (when num_workers > 1), `__len__` could be inaccurate if each worker is not configured\n",
)
LOG_SILENT = ("TypeError: object of type 'IterableDataset' has no len()\n",)


_CORRECT = Remedy(
    "Let __len__ say what __iter__ yields, and divide the stream among workers.",
    ("info = torch.utils.data.get_worker_info()", "def __len__(self): return self.num_samples"),
)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Compare the batches of a stream that was read to its end with what its length announced."""
    seen, expected = facts["run.stream_batches_seen_count"], facts["run.stream_batches_expected_count"]
    if not facts["run.epochs_count"]:
        return not_applicable("No epoch was begun.")
    if seen is None or expected is None:
        return ok("No stream announced another length than it had: 0 found.")
    samples = facts["run.stream_samples_announced_count"]
    evidence = (f"__len__ of the dataset gave {samples}: {expected} batches; an epoch had {seen}",)
    summary = f"A stream announced {expected} batches and gave {seen}."
    if facts["run.stream_length_is_fatal"]:
        return fail(f"{summary} The loop asked for one more.", evidence, _CORRECT)
    return warn(summary, evidence, _CORRECT, "certain")


def _forewarned(trace: Trace) -> Recognition | None:
    """Look for Lightning's warning, which comes before anything was counted."""
    found = phrase(trace, r"`?IterableDataset`? has `?__len__`? defined")
    summary = "The stream announces a length, which is wrong as soon as workers do not divide it."
    return recognised(found, summary, _CORRECT, Role.REMARK, 40, "possible") if found else None


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's warning."""
    found = phrase(
        trace,
        r"Length of IterableDataset .{0,300}?was reported to be (\d+).{0,80}?but (\d+) "
        r"samples have been fetched",
    )
    if found is None:
        return _forewarned(trace)
    return recognised(
        found,
        "The dataset announces {0} and yields more ({1} and counting).",
        _CORRECT,
        Role.REMARK,
        60,
        "certain",
    )

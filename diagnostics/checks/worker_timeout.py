"""No batch came within the loader's timeout.

What it means
-------------
`timeout=` is the longest time that the loop waits for one batch. It passed: a worker is stuck, or the batch
takes longer than you allowed.

Why it matters
--------------
The first batch also pays for starting the workers; storage that is slow at times breaks a tight limit.

How to fix
----------
Allow more time; if it still fails, see where the worker stands (`py-spy dump`). Where a sample cannot be
pickled, the queue's thread has said so above.

When it is fine
---------------
It is what a timeout is for.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, timeout.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised
from diagnostics.traces.remedies import look_inside

CODE = "DL237"
SLUG = "worker-timeout"
TITLE = "No batch came within the timeout"
LOG_FIRES = (
    "RuntimeError: DataLoader timed out after 60 seconds\n",
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 1143, in _get_data\n'
    "    raise RuntimeError('DataLoader timed out after {} seconds'.format(self._timeout))\n"
    "RuntimeError: DataLoader timed out after 5 seconds\n",
)
LOG_SILENT = ("AssertionError: _SingleProcessDataLoaderIter requires timeout == 0\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for torch's words."""
    found = phrase(trace, r"DataLoader timed out after (\d+(?:\.\d+)?) seconds")
    if found is None:
        return None
    remedy = Remedy(
        "Allow more time, or see where the worker stands.",
        ("DataLoader(..., timeout=300)", *look_inside(trace.platform)[:1]),
    )
    return recognised(
        found, "No batch came within {0} s: a worker is stuck or slower than that.", remedy, Role.SYMPTOM, 80
    )

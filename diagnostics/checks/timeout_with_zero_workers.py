"""A timeout was set, and there are no workers to wait for.

What it means
-------------
Without workers the loop loads each batch itself; torch asserts that the timeout is zero then.

Why it matters
--------------
Old versions raise a bare AssertionError that names nothing. Nothing has timed out.

How to fix
----------
Leave timeout out, or set it together with workers.

When it is fine
---------------
Never.

References
----------
PyTorch documentation, torch.utils.data.DataLoader, timeout.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, code_clue, phrase, recognised

CODE = "DL238"
SLUG = "timeout-with-zero-workers"
TITLE = "timeout is set without workers"
LOG_FIRES = (
    '  File "/opt/lib/site-packages/torch/utils/data/dataloader.py", line 521, in __init__\n'
    "    assert self._timeout == 0\nAssertionError\n",
    "AssertionError: _SingleProcessDataLoaderIter requires timeout == 0\n",
)
LOG_SILENT = ("RuntimeError: DataLoader timed out after 30 seconds\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the assertion, in words or in code."""
    found = phrase(trace, r"requires timeout == 0|assert self\._timeout == 0") or code_clue(
        trace, r"_timeout == 0"
    )
    if found is None:
        return None
    remedy = Remedy(
        "Set a timeout only with workers.", ("DataLoader(..., num_workers=n, timeout=60 if n > 0 else 0)",)
    )
    return recognised(found, "timeout is set although num_workers is 0; nothing timed out.", remedy, score=80)

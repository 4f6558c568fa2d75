"""A daemonic process tries to start loader workers.

What it means
-------------
Processes of `multiprocessing.Pool`, Celery, Airflow and the workers of a DataLoader are daemonic: they end
with their parent and may have no children. A DataLoader with workers inside one of them cannot start.

Why it matters
--------------
It fails at the first batch, and only where the same code runs inside the pool.

How to fix
----------
num_workers=0 in the inner loader, or a parent that is not daemonic: `concurrent.futures`'s
ProcessPoolExecutor, `torch.multiprocessing.spawn(..., daemon=False)`, or Celery's `--pool=solo|threads`.

When it is fine
---------------
Never with workers.

References
----------
Python documentation, multiprocessing.Process.daemon.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL209"
SLUG = "daemonic-children"
TITLE = "A daemonic process may not start workers"
LOG_FIRES = (
    "AssertionError: daemonic processes are not allowed to have children\n",
    '  File "/usr/lib/python3.8/multiprocessing/process.py", line 118, in start\n'
    "    assert not _current_process._config.get('daemon'), \\\n"
    "AssertionError: daemonic processes are not allowed to have children\n",
)
LOG_SILENT = ("AssertionError: can only join a child process\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for Python's refusal."""
    found = phrase(trace, r"daemonic processes are not allowed to have children")
    if found is None and trace.raised(lambda error: error.type == "AssertionError" and not error.message):
        found = phrase(trace, r"(?i)\bdaemonic\b")  # the message is cut off, its word told
    if found is None:
        return None
    remedy = Remedy(
        "Load without workers inside the daemonic process, or start it from an executor.",
        (
            *(("DataLoader(..., num_workers=0)",) if trace.mentions_loader else ()),
            "concurrent.futures.ProcessPoolExecutor()  # not multiprocessing.Pool",
        ),
    )
    who = "A loader with workers" if trace.mentions_loader else "A process"
    return recognised(found, f"{who} was started inside a daemonic process.", remedy, score=80)

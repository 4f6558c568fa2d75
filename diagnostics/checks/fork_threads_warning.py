"""Python warns that it forks while threads are running.

What it means
-------------
From 3.12 on, Python warns when a process with several threads forks: locks that the threads hold stay
closed in the child. JAX warns in the same way.

Why it matters
--------------
Most runs are fine, some hang for ever; nothing tells which beforehand.

How to fix
----------
Start workers by forkserver (with a main guard), or start them before threads exist.

When it is fine
---------------
Where the run never hung and the threads hold no lock that workers use.

References
----------
Python documentation, os.fork, "Changed in version 3.12".
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Role, Trace, phrase, recognised
from diagnostics.traces.remedies import context

CODE = "DL239"
SLUG = "fork-threads-warning"
TITLE = "Workers are forked while threads are running"
LOG_FIRES = (
    "/usr/lib/python3.12/multiprocessing/popen_fork.py:66: DeprecationWarning: This process (pid=4242) is "
    "multi-threaded, use of fork() may lead to deadlocks in the child.\n  self.pid = os.fork()\n",
    "RuntimeWarning: os.fork() was called. os.fork() is incompatible with multithreaded code, and JAX is "
    "multithreaded, so this will likely lead to a deadlock.\n",
)
LOG_SILENT = (
    "huggingface/tokenizers: The current process just got forked, after parallelism has already been used.\n",
)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the warning."""
    found = phrase(
        trace,
        r"multi-threaded, use of fork(?:pty)?\(\) may lead to deadlocks|os\.fork\(\) is "
        r"incompatible with multithreaded",
    )
    if found is None:
        return None
    remedy = Remedy("Start workers without fork.", (context(trace.platform),))
    return recognised(
        found,
        "Workers are forked while threads run: this may hang, and has not been seen to.",
        remedy,
        Role.REMARK,
        50,
        "certain",
    )

"""The path of a socket is longer than the system allows.

What it means
-------------
Processes hand over descriptors through sockets that are files in the temporary folder. Their path may have
about 107 characters; TMPDIR is set to a long one.

Why it matters
--------------
forkserver, and sharing tensors by descriptor, fail at once.

How to fix
----------
Use a short temporary folder.

When it is fine
---------------
Never.

References
----------
Linux manual, unix(7), sun_path.
"""

from diagnostics.findings import Remedy
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL214"
SLUG = "socket-path-too-long"
TITLE = "TMPDIR makes a socket's path too long"
LOG_FIRES = (
    "OSError: AF_UNIX path too long\n",
    '  File "/sw/lib/python3.9/multiprocessing/connection.py", line 585, in __init__\n'
    "    self._socket.bind(address)\nOSError: AF_UNIX path too long\n",
)
LOG_SILENT = ("OSError: [Errno 36] File name too long: '/scratch/cache/aaaaaaaaaaaaaaaaaaaa'\n",)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the refusal."""
    found = phrase(
        trace,
        r"AF_UNIX path too long|path too long for (?:a )?(?:Unix|AF_UNIX)|could not generate "
        r"a random directory for manager socket",
    )
    if found is None:
        return None
    remedy = Remedy("Point TMPDIR at a short path.", ("export TMPDIR=/tmp", 'tempfile.tempdir = "/tmp"'))
    return recognised(
        found,
        "The temporary folder's path is too long for a socket (about 107 characters).",
        remedy,
        score=84,
    )

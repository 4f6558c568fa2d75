"""The path of a socket is longer than the system allows.

What it means
-------------
Processes hand over descriptors through sockets that are files in the temporary folder. Their path may have
about 107 characters; TMPDIR is set to a long one. A folder that cannot be written, or none at all, refuses
them as well.

Why it matters
--------------
forkserver, and sharing tensors by descriptor, fail at once.

How to fix
----------
Use a short temporary folder that can be written, on a file system of this machine.

When it is fine
---------------
Never.

References
----------
Linux manual, unix(7), sun_path.
"""

from collections.abc import Mapping
from typing import Any

from diagnostics.findings import Remedy, Verdict, fail, not_applicable, ok
from diagnostics.traces.clues import Recognition, Trace, phrase, recognised

CODE = "DL214"
SLUG = "socket-path-too-long"
TITLE = "TMPDIR makes a socket's path too long"
NEEDS = ("trial.socket_path_bytes", "trial.socket_problem")
FIRES = dict(zip(NEEDS, (131, "AF_UNIX path too long"), strict=True))
SILENT = dict(zip(NEEDS, (36, None), strict=True))
_REMEDY = Remedy("Point TMPDIR at a short path.", ("export TMPDIR=/tmp", 'tempfile.tempdir = "/tmp"'))
_MEND = Remedy(
    "Point TMPDIR at a folder that is there, has room and can be written.",
    ("df -h /tmp; ls -ld /tmp", "export TMPDIR=/var/tmp"),
)
LOG_FIRES = (
    "OSError: AF_UNIX path too long\n",
    '  File "/sw/lib/python3.9/multiprocessing/connection.py", line 585, in __init__\n'
    "    self._socket.bind(address)\nOSError: AF_UNIX path too long\n",
)
LOG_SILENT = ("OSError: [Errno 36] File name too long: '/scratch/cache/aaaaaaaaaaaaaaaaaaaa'\n",)


def judge(facts: Mapping[str, Any]) -> Verdict:
    """Fail where no socket could be bound in the temporary folder."""
    length, problem = (facts[key] for key in NEEDS)
    if length is None:
        return not_applicable("This platform's processes talk through pipes, not sockets that are files.")
    if problem is None:
        return ok(f"A socket could be bound in the temporary folder, its path {length:g} bytes long.")
    evidence = (f"a socket with a path of {length:g} bytes in the temporary folder: {problem}",)
    if "too long" not in str(problem):
        return fail(
            "The temporary folder takes no socket, for a reason other than its length.", evidence, _MEND
        )
    summary = f"No socket can be bound in the temporary folder (a path of {length:g} bytes)."
    return fail(summary, evidence, _REMEDY)


def recognise(trace: Trace) -> Recognition | None:
    """Look for the refusal."""
    found = phrase(
        trace,
        r"AF_UNIX path (?:too long|length cannot exceed)|path too long for (?:a )?(?:Unix|AF_UNIX)"
        r"|could not generate a random directory for manager socket",
    )
    if found is None:
        return None
    return recognised(
        found,
        "The temporary folder's path is too long for a socket (about 107 characters).",
        _REMEDY,
        score=84,
    )

"""Trial: what processes talk through: semaphores, and sockets. Run by path in a child.

A socket's path is tried that is as long as the one multiprocessing makes; TRIAL_TMPDIR names the user's own
temporary folder where this process was given another.
"""

import json
import multiprocessing
import os
import shutil
import socket
import tempfile
from typing import Any

LISTENER = "listener-abcdefgh"  # as long as the names that multiprocessing makes
REASON_CHARACTERS = 200


def semaphore_problem() -> str | None:
    """Return why no semaphore can be had, None if one can be taken and given back."""
    try:
        lock = multiprocessing.Lock()
        with lock:
            return None
    except (ImportError, OSError) as error:
        return f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]


def users_folder() -> tuple[str, str | None]:
    """Return the user's temporary folder, or "" and why there is none."""
    try:
        return os.environ.get("TRIAL_TMPDIR") or tempfile.gettempdir(), None
    except OSError as error:
        return "", str(error)[:REASON_CHARACTERS]


def socket_facts(folder: str) -> tuple[int | None, str | None]:
    """Bind a socket in a folder of its own below `folder`; return its path's length and the refusal."""
    if not hasattr(socket, "AF_UNIX") or os.name == "nt":
        return None, None
    try:
        own = tempfile.mkdtemp(prefix="pymp-", dir=folder)
    except OSError as error:
        return len(os.fsencode(folder)), f"{error.strerror} (errno {error.errno})"
    path = os.path.join(own, LISTENER)  # noqa: PTH118  this file stands alone
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path)
        return len(os.fsencode(path)), None
    except OSError as error:
        return len(os.fsencode(path)), str(error)[:REASON_CHARACTERS]
    finally:
        shutil.rmtree(own, ignore_errors=True)


def main() -> None:
    """Try both and print."""
    folder, absent = users_folder()
    length, refused = (0, absent) if absent else socket_facts(folder)
    values: dict[str, tuple[Any, str, str]] = {
        "trial.semaphore_problem": (semaphore_problem(), "", "multiprocessing.Lock"),
        "trial.socket_path_bytes": (length, "bytes", "a socket in the temporary folder"),
        "trial.socket_problem": (refused, "", "a socket in the temporary folder"),
    }
    facts = {key: {"value": v, "unit": unit, "source": source} for key, (v, unit, source) in values.items()}
    print(json.dumps({"facts": facts}))


if __name__ == "__main__":
    main()

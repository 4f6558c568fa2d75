"""Who and where: read only when asked for."""

import getpass
import socket
from pathlib import Path

from diagnostics.facts import Fact, Facts
from diagnostics.sources import attempt

PRIVATE = True


def read(root: Path) -> Facts:
    """Read host and user name."""
    facts: Facts = {}
    if host := attempt(socket.gethostname):
        facts["host.name"] = Fact(host, "", "socket.gethostname")
    if user := attempt(getpass.getuser):
        facts["user.name"] = Fact(user, "", "getpass.getuser")
    return facts

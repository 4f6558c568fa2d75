"""How worker processes are started here."""

import multiprocessing
from pathlib import Path

from diagnostics.facts import Fact, Facts


def read(root: Path) -> Facts:
    """Read the start methods; the first is the default, and asking so does not fix it for the process."""
    methods = multiprocessing.get_all_start_methods()
    source = "multiprocessing.get_all_start_methods"
    return {
        "process.start_methods": Fact(methods, "", source),
        "process.default_start_method": Fact(methods[0], "", source),
    }

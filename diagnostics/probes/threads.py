"""The environment variables that set how many threads torch and its libraries start."""

import os
import re
from pathlib import Path

from diagnostics.facts import Fact, Facts

VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OMP_DYNAMIC",
    "MKL_DYNAMIC",
    "OMP_WAIT_POLICY",
    "OMP_PROC_BIND",
    "OMP_PLACES",
    "GOMP_CPU_AFFINITY",
    "KMP_AFFINITY",
    "KMP_BLOCKTIME",
)
PLAUSIBLE = re.compile(r"[\w ,:.=+{}()-]{0,80}")  # thread settings, no paths: what else it holds is not kept


def read(root: Path) -> Facts:
    """Read each variable; None where it is not set."""
    return {
        f"environment.{name}": Fact(value, "", "environment variable")
        for name in VARIABLES
        if (value := os.environ.get(name)) is None or PLAUSIBLE.fullmatch(value)
    }

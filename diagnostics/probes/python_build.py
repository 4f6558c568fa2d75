"""The Python that runs us."""

import platform
import sysconfig
from pathlib import Path

from diagnostics.facts import Fact, Facts


def read(root: Path) -> Facts:
    """Read version, implementation, compiler and build of the running interpreter."""
    return {
        "python.version": Fact(platform.python_version(), "", "platform.python_version"),
        "python.implementation_name": Fact(
            platform.python_implementation(), "", "platform.python_implementation"
        ),
        "python.compiler_name": Fact(platform.python_compiler(), "", "platform.python_compiler"),
        "python.build_name": Fact(" ".join(platform.python_build()), "", "platform.python_build"),
        "python.is_free_threaded": Fact(
            bool(sysconfig.get_config_var("Py_GIL_DISABLED")), "", "sysconfig Py_GIL_DISABLED"
        ),
    }

"""The page of a diagnosis, rule or claim: its file's docstring, which `python -OO` drops from the module."""

import ast
import inspect
from types import ModuleType


def page_of(module: ModuleType) -> str:
    """Return a module's docstring, from its source where the interpreter has none."""
    text = module.__doc__
    if text is None:
        try:
            text = ast.get_docstring(ast.parse(inspect.getsource(module)), clean=False)
        except (OSError, TypeError):  # no source
            text = None
    return (text or "").strip()

"""Objects named as `FILE.py:NAME`: imported so that spawned workers, who inherit sys.path, find them too."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any


class TargetError(ValueError):
    """What was named cannot be used; the message says what is wrong and what is expected."""


def is_target(text: str) -> bool:
    """Whether a text names an object in a file."""
    file, colon, name = text.rpartition(":")
    return bool(colon) and file.endswith(".py") and name.isidentifier()


def load_object(text: str, is_wanted: Callable[[object], bool] = lambda found: False) -> Any:
    """Import a file by its path, and return an object of it, or what a function of it returns.

    Parameters
    ----------
    text : str
        `FILE.py:NAME`.
    is_wanted : callable
        Tells an object that is taken as it is, though it can be called.

    Raises
    ------
    TargetError
        The file or the name is not there.
    """
    if not is_target(text):
        raise TargetError(f"{text!r}: FILE.py:NAME is wanted, like train.py:make_dataset")
    file, _, name = text.rpartition(":")
    module = import_file(Path(file))
    if not hasattr(module, name):
        known = sorted(
            key
            for key, value in vars(module).items()
            if not key.startswith("_") and _may_be_meant(value, module, is_wanted)
        )
        raise TargetError(f"{file} has no {name!r}; it has {', '.join(known) or 'nothing like it'}")
    found = getattr(module, name)
    if not callable(found) or is_wanted(found):
        return found
    if needed := _needed(found):
        raise TargetError(
            f"{text} needs {', '.join(needed)}; a function without arguments is wanted, like "
            f"`def make(): return {name}(...)`"
        )
    return found()


def _may_be_meant(value: object, module: ModuleType, is_wanted: Callable[[object], bool]) -> bool:
    """Whether a name in the user's file is worth offering: what the file itself defines."""
    return is_wanted(value) or (callable(value) and getattr(value, "__module__", None) == module.__name__)


def _needed(function: Callable[..., Any]) -> list[str]:
    """Return the parameters that a call cannot do without."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in kinds]


def module_name(path: Path) -> tuple[str, Path]:
    """Return the name by which a file is imported, and the folder that has to be on the path.

    A file in a package is imported with the package, so that its relative imports work.
    """
    parts, folder = [path.stem], path.resolve().parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder


def import_file(path: Path) -> ModuleType:
    """Import a file once; a module that came from elsewhere under the same name is refused."""
    if not path.is_file():
        raise TargetError(f"{path}: there is no such file")
    name, folder = module_name(path)
    if sys.path[:1] != [str(folder)]:  # as for a script: its neighbours come before what is installed
        sys.path.insert(0, str(folder))
    if name in sys.modules:
        return _the_same(sys.modules[name], path)
    if "." in name and "." not in path.stem:
        return _the_same(import_module(name), path)
    spec = spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _the_same(module: ModuleType, path: Path) -> ModuleType:
    file = getattr(module, "__file__", None)
    if file is None or Path(file).resolve() != path.resolve():
        raise TargetError(
            f"{path} is called like the module {module.__name__} ({file or 'built in'}): rename the file"
        )
    return module

"""Arguments of a loader that exclude each other."""

import ast

from diagnostics.lint.loaders import Loader
from diagnostics.lint.mappings import Mapping
from diagnostics.lint.possible import Possible


def is_object(each: Possible) -> bool:
    """Tell whether something is surely not None: what a call returns, or a list."""
    return isinstance(each.node, ast.Call | ast.List | ast.ListComp | ast.Tuple)


def surely(found: list[Possible]) -> bool:
    """Tell whether a value is surely an object."""
    return bool(found) and all(map(is_object, found))


def collide(loader: Loader, variant: Mapping, name: str, other: str, value: object) -> bool:
    """Tell whether one argument is an object while another surely has a value (or the other way round)."""
    objects = loader.possible(variant, name)
    values = loader.possible(variant, other)
    num_objects, num_values = sum(map(is_object, objects)), sum(each.is_(value) for each in values)
    if not num_objects or not num_values:
        return False
    return num_values == len(values) or num_objects == len(objects)

"""Sections of the page, one a file, found by looking.

A section is a module here with `ORDER` and `build(report) -> Section | None`, None where it has nothing
to say.
"""

import importlib
import pkgutil
from types import ModuleType

from reports.parts import Section
from reports.report import Report


def modules() -> list[ModuleType]:
    """Return every section, in the order of the page."""
    found = [importlib.import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda module: module.ORDER)


def built(report: Report) -> list[Section]:
    """Return the sections that have something to say about this report."""
    sections = (module.build(report) for module in modules())
    return [section for section in sections if section is not None]

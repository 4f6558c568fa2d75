"""Figures, one a file, found by looking.

A figure is a module here with

- `SECTION`: the anchor of the section it stands in, and `ORDER` within it;
- `draw(run) -> Figure | None`: None where the run holds nothing to draw;
- `title(run) -> str`: the result in one sentence with its numbers; `caption(run) -> str`: how to read it;
- `table(run) -> Table`: the numbers that are drawn.
"""

import importlib
import pkgutil
from types import ModuleType

from reports.load import Run
from reports.parts import Drawn, Part, Prose


def modules() -> list[ModuleType]:
    """Return every figure, in the order of the page."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    found = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return sorted(found, key=lambda module: (module.SECTION, module.ORDER))


def of_section(run: Run, section: str) -> list[Part]:
    """Draw the figures of one section that the run has data for.

    One that fails costs itself alone: the page says which and why.
    """
    parts: list[Part | None] = []
    for module in modules():
        if section == module.SECTION:
            try:
                parts.append(drawn(run, module))
            except Exception as error:
                name = module.__name__.rpartition(".")[2]
                parts.append(Prose(f"The figure {name} could not be drawn: {type(error).__name__}: {error}"))
    return [part for part in parts if part is not None]


def drawn(run: Run, module: ModuleType) -> Drawn | None:
    """Return one figure as it stands on the page, None where the run has no data for it."""
    from reports import canvas, svg

    with canvas.style():
        figure = module.draw(run)
        if figure is None:
            return None
        anchor = "figure-" + module.__name__.rpartition(".")[2].replace("_", "-")
        title = module.title(run)
        return Drawn(anchor, title, module.caption(run), svg.render(figure, anchor, title), module.table(run))

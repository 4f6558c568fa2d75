"""A matplotlib figure as inline SVG: text as text, ids of its own, colours that follow the page."""

import io
import re
import xml.etree.ElementTree as ET
from typing import Any

from reports import canvas

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_VARIABLES = {canvas.INK: "currentColor", canvas.FAINT: "var(--grid)", canvas.PAPER: "var(--paper)"}
_FONT = re.compile(r"font: (?:(\w+) )?([\d.]+)px [^;]*")
_DROPPED = ("metadata", "style")


def render(figure: Any, prefix: str, title: str) -> str:
    """Return a figure as an `<svg>` element for an HTML page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    prefix : str
        Put before every id, since matplotlib gives the same ids to every figure.
    title : str
        What a reader who cannot see the figure is told.
    """
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    root = ET.fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in [c for c in parent if _plain(c.tag) in _DROPPED]:
            parent.remove(child)
    for element in root.iter():
        element.tag = _plain(element.tag)
        element.attrib = {_plain(k): _value(k, v, prefix) for k, v in element.attrib.items()}
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": title}
    return ET.tostring(root, encoding="unicode")


def _plain(name: str) -> str:
    return name.rpartition("}")[2]


def _value(attribute: str, value: str, prefix: str) -> str:
    if attribute == "id":
        return f"{prefix}-{value}"
    if attribute in ("href", _LINK):
        return value.replace("#", f"#{prefix}-", 1)
    value = value.replace("url(#", f"url(#{prefix}-")
    if attribute == "style":
        value = _FONT.sub(_font, value)
        for sentinel, variable in _VARIABLES.items():
            value = value.replace(sentinel, variable)
    return value


def _font(match: re.Match[str]) -> str:
    weight, size = match.groups()
    return f"font-size: {size}px" + (f"; font-weight: {weight}" if weight else "")

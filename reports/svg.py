"""A matplotlib figure as inline SVG: text as text, ids of its own, colours that follow the page."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from reports import canvas

_VARIABLES = {canvas.INK: "currentColor", canvas.FAINT: "var(--grid)", canvas.PAPER: "var(--paper)"}
_FAMILY = re.compile(r"font-family: [^;]*(; )?")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"#([\w.-]+)")
_DROPPED = ("metadata", "style")


def render(figure: Any, prefix: str, title: str) -> str:
    """Return a figure as an `<svg>` element for an HTML page; one figure always gives the same text.

    Ids are numbered anew, because matplotlib derives some from the last bits of coordinates, which its layout
    does not repeat; for the same reason coordinates are written with two decimals.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    prefix : str
        Put before every id, so that no two figures of a page share one.
    title : str
        What a reader who cannot see the figure is told.
    """
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata={"Date": None})
    root = ET.fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in [c for c in parent if _plain(c.tag) in _DROPPED]:
            parent.remove(child)
    ids = (element.get("id", "") for element in root.iter())
    names = {given: f"{prefix}-{number}" for number, given in enumerate(filter(None, ids))}
    for element in root.iter():
        element.tag = _plain(element.tag)
        element.attrib = {_plain(k): _value(_plain(k), v, names) for k, v in element.attrib.items()}
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": title}
    return ET.tostring(root, encoding="unicode")


def _plain(name: str) -> str:
    """Return a tag or attribute without its namespace: HTML has none."""
    return name.rpartition("}")[2]


def _value(attribute: str, value: str, names: Mapping[str, str]) -> str:
    if attribute == "id":
        return names[value]
    if attribute == "style":
        value = _FAMILY.sub("", value)
        for sentinel, variable in _VARIABLES.items():
            value = value.replace(sentinel, variable)
    if attribute == "href" or "url(#" in value:
        value = _REFERENCE.sub(lambda match: f"#{names.get(match[1], match[1])}", value)
    return _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.2f}", value)

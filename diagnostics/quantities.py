"""Quantities as text: base units in, human units out; used only where text is made."""

from typing import Any

KIB, MIB, GIB = 1024, 1024**2, 1024**3

_SCALES = {
    "bytes": ((1024**4, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"), (1, "bytes")),
    "hertz": ((1e9, "GHz"), (1e6, "MHz"), (1, "Hz")),
    "seconds": ((1, "s"), (1e-3, "ms"), (1e-6, "µs")),
}
_SUFFIXES = {"watts": " W", "ratio": "x"}


def _number(value: float) -> str:
    """Write three significant digits, thousands grouped, nothing superfluous behind the point."""
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _scaled(value: float, scales: tuple[tuple[float, str], ...]) -> str:
    size, name = next((scale for scale in scales if abs(value) >= scale[0]), scales[-1])
    return f"{_number(value / size)} {name}"


def format_quantity(value: Any, unit: str) -> str:
    """Write a fact's value for people.

    Parameters
    ----------
    value : JSON value
        None is written "none", a list with commas.
    unit : str
        The fact's base unit; an unknown one is written behind the number.

    Returns
    -------
    str
        "64 MiB", "2.45 GHz", "0.5 %", "1 core", "none".
    """
    if isinstance(value, list):
        return ", ".join(format_quantity(each, unit) for each in value) or "none"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return _with_unit(value, unit) if isinstance(value, int | float) else str(value)


def _with_unit(value: float, unit: str) -> str:
    if unit in _SCALES:
        return _scaled(value, _SCALES[unit])
    if unit == "fraction":
        return f"{_number(round(100 * value, 1))} %"
    if unit == "cores":
        return f"{_number(value)} {'core' if value == 1 else 'cores'}"
    return _number(value) + _SUFFIXES.get(unit, "" if unit in {"", "count"} else f" {unit}")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 worker", "2 workers"; nouns whose plural takes an s only."""
    return f"{number} {noun}{'' if number == 1 else 's'}"

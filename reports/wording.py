"""Numbers as a reader meets them: three significant digits, and an interval beside its estimate."""

import math

from diagnostics.intervals import Interval

LONGEST_TEXT = 160  # longer names are cut on the page: a table cell is no place for 10,000 characters
MISSING = "–"
REFERENCE_NAMES = {"arithmetic": "one-thread arithmetic", "copy": "memory copy", "pipe": "pipe round trip"}
ASCII = str.maketrans({"✓": "+", "✕": "x", "▲": "^", "▼": "v", "–": "-", "…": "...", "µ": "u", "±": "+-"})

_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))
_BYTES = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (0.0, "bytes"))


def number(value: float, digits: int = 3) -> str:
    """Return the value with its significant digits and separated thousands: 0.0123, 3,910, 1.23e+12."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.{digits - 1}e}"
    decimals = 0 if value == 0 else digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, decimals):,.{max(0, decimals)}f}"


def _scaled(value: float, units: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    return next((size or units[-2][0] / 1000, unit) for size, unit in units if abs(value) >= size)


def seconds(value: float) -> str:
    """Return a duration in the unit that keeps it readable: "12.3 ms"."""
    if value is None or not math.isfinite(value):
        return MISSING
    size, unit = _scaled(value, _SECONDS) if value else (1.0, "s")
    return f"{number(value / size)} {unit}"


def size(value: float) -> str:
    """Return a number of bytes in binary units: "145 MiB"."""
    if value is None or not math.isfinite(value):
        return MISSING
    scale, unit = next((scale or 1.0, unit) for scale, unit in _BYTES if abs(value) >= scale)
    return f"{number(value / scale) if scale > 1 else f'{value:,.0f}'} {unit}"


def percent(fraction: float, decimals: int | None = None) -> str:
    """Return a fraction of 1 as a percentage, with one decimal below 10 % unless told otherwise."""
    if fraction is None or not math.isfinite(fraction):
        return MISSING
    if decimals is None:
        decimals = 1 if abs(fraction) < 0.1 else 0
    return f"{100 * fraction:.{decimals}f} %"


def points(difference: float) -> str:
    """Return a difference of two fractions in percentage points, with its sign: "+5.7"."""
    return MISSING if not math.isfinite(difference) else f"{100 * difference:+.1f}"


def span(interval: Interval, scale: float = 1.0, digits: int = 3) -> str:
    """Return "low to high" of an interval, or that one value alone gives none."""
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return "no interval from one value" if interval.num_values == 1 else "no interval"
    return f"{number(scale * interval.low, digits)} to {number(scale * interval.high, digits)}"


def percent_span(interval: Interval) -> str:
    """Return "16 to 20 %" for an interval of fractions."""
    text = span(interval, 100.0, digits=2)
    return f"{text} %" if " to " in text else text


def capitalized(text: str) -> str:
    """Return the text with its first letter as a sentence begins; the rest as it is."""
    return text[:1].upper() + text[1:]


def count(amount: int, noun: str) -> str:
    """Return "1 pass", "3 passes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{amount:,} {noun if amount == 1 else plural}"


def listed(words: list[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def shorten(text: str, longest: int = LONGEST_TEXT) -> str:
    """Cut a text that is longer than a cell can hold, and show that it was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def printed_in(encoding: str, text: str) -> str:
    """Return the text, in ASCII where a terminal's encoding lacks our glyphs."""
    try:
        "".join(map(chr, ASCII)).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(ASCII)
    return text

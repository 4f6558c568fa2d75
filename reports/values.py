"""JSON values as they are met in files that anybody may have written."""

import math
from datetime import UTC, datetime
from typing import Any

LARGEST_NUMBER = 1e100  # no time, rate or size comes near it, and its square is still finite


def mapping(value: object) -> dict[str, Any]:
    """Return the value where it is a JSON object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[dict[str, Any]]:
    """Return the objects of a JSON list, nothing where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_number(value: object) -> float:
    """Return a JSON number as a float, NaN for everything that is none or beyond any measurement."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < LARGEST_NUMBER else math.nan  # type: ignore[arg-type]


def moment(text: object) -> datetime | None:
    """Return an ISO date with its zone (UTC where it names none), None for anything else."""
    try:
        parsed = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)

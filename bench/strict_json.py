"""JSON as the standard has it: it knows neither NaN nor infinity."""

import json
import math
from collections.abc import Mapping
from typing import Any


def dumps(value: Any, **style: Any) -> str:
    """Return a value as JSON, with null for NaN and infinity; `style` is what `json.dumps` takes."""
    return json.dumps(_finite(value), allow_nan=False, **style)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value

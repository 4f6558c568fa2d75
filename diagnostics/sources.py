"""Reading small sources of facts, where a source that is missing or garbled is no error."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil

Value = TypeVar("Value")

UNREADABLE = (OSError, ValueError, NotImplementedError, AttributeError, LookupError, psutil.Error)


def read_text(path: Path) -> str | None:
    """Return a file's text without surrounding space, or None where it cannot be read."""
    with suppress(*UNREADABLE):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return None


def attempt(read: Callable[[], Value]) -> Value | None:
    """Return what `read` returns, or None where this platform cannot say."""
    with suppress(*UNREADABLE):
        return read()
    return None

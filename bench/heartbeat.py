"""Long work says that it still moves, so that it is not taken for a hang."""

from collections.abc import Callable

LISTENERS: list[Callable[[], None]] = []


def beat() -> None:
    """Tell whoever waits that a piece of the work is done."""
    for listener in LISTENERS:
        listener()

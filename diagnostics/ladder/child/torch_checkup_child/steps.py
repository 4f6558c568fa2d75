"""What the loop does with a batch: the user's own step, an emulated one, or nothing."""

import time
from collections.abc import Callable
from typing import Any

from .loading import TargetError, load_object

Step = Callable[[Any], Any]


class Sleep:
    """An emulated accelerator: it is busy for a known time, and the CPU is free meanwhile."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, batch: Any) -> None:
        until = time.perf_counter() + self.seconds
        time.sleep(self.seconds)
        while time.perf_counter() < until:  # Windows may wake early
            pass


def load_step(seconds: float | None, target: str | None) -> Step | None:
    """Return the step that was asked for.

    Raises
    ------
    TargetError
        What was named cannot be called.
    """
    if target is None:
        return Sleep(seconds) if seconds else None
    step = load_object(target, callable)
    if not callable(step):
        raise TargetError(f"{target} is {type(step).__name__}: something that takes a batch is wanted")
    return step  # type: ignore[no-any-return]

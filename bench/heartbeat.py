"""Long work says that it still moves, so that it is not taken for a hang, and what it has come to so far."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

LISTENERS: list[Callable[[], None]] = []
KEEPERS: list[Callable[[Callable[[], Any]], None]] = []
EVERY_SECONDS = 1.0
LOOKING_SHARE = 0.25  # of the time: to look at a population takes as long as some of its epochs


def beat() -> None:
    """Tell whoever waits that a piece of the work is done."""
    for listener in LISTENERS:
        listener()


def offer(look: Callable[[], Any]) -> None:
    """Offer what the work has come to, should it be cut off; `look` is called where that is wanted."""
    for keeper in KEEPERS:
        keeper(look)


class Keeper:
    """Looks at work after a second, then as often as takes a share of the time, and passes on what it saw.

    Parameters
    ----------
    listener : callable
    clock : callable
        Seconds.
    """

    def __init__(self, listener: Callable[[Any], None], clock: Callable[[], float] = perf_counter) -> None:
        self.listener, self.clock = listener, clock
        self.due = clock() + EVERY_SECONDS

    def __call__(self, look: Callable[[], Any]) -> None:
        """Look where it is time to."""
        begun = self.clock()
        if begun >= self.due:
            self.listener(look())
            now = self.clock()
            self.due = now + (now - begun) * (1 / LOOKING_SHARE - 1)


@contextmanager
def kept_up(seconds: float, every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Beat beside work that cannot itself, such as a compiler's, for so many seconds at most."""
    is_done = threading.Event()

    def keep() -> None:
        for _ in range(round(seconds / every_seconds)):
            if is_done.wait(every_seconds):
                return
            beat()

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_done.set()
        keeper.join()
